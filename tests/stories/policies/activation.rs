//! Policy 5: The mail to whoever's account becomes active, and the password that stops it.

use tests::jumpcloud::MailKind;

use super::{Telling, ada};
use crate::cast::{ADA, MONDAY};
use crate::world::World;

fn rules(first_state: &str, activation: &str) -> String {
    format!("first_state = \"{first_state}\"\n[connection.activation]\n{activation}\n")
}

/// The addresses of the activation mails.
fn mails(world: &World) -> Vec<String> {
    let mails = world.town.jumpcloud.mails().into_iter();
    mails.filter(|mail| mail.kind == MailKind::Activation).map(|mail| mail.to).collect()
}

/// The mails of a staged account that becomes active on its owner's first day.
async fn on_the_first_day(activation: &str, wanted: &[&str]) {
    for told in Telling::all() {
        let world = told.world(MONDAY, &rules("staged-until-start", activation)).await;
        world.hr.hire(&ada().starts("2026-03-09").personal_email("ada@home.example"));
        let serving = world.serve().await;
        world.eventually("there is an account", |_| world.exists(ADA)).await;
        assert_eq!(world.state(ADA), "STAGED");
        world
            .becomes("2026-03-09T00:00[America/Denver]", "it is active", |world| world.state(ADA) == "ACTIVATED")
            .await;
        world.stays("the mails", |world| mails(world) == wanted).await;
        assert_eq!(serving.stop().await.0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_on_the_first_day() {
    on_the_first_day("mail = \"send\"", &[ADA]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_mail_on_the_first_day() {
    on_the_first_day("mail = \"withhold\"", &[]).await;
    on_the_first_day("", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mail_on_the_first_day_to_another_address() {
    on_the_first_day("mail = \"it@acme.example\"", &["it@acme.example"]).await;
}

// From here on no moment passes: an account is made and active at once.

#[tokio::test(flavor = "multi_thread")]
async fn the_mail_of_an_account_that_is_active_from_the_beginning() {
    for (mail, wanted) in [("send", vec![ADA]), ("withhold", vec![]), ("it@acme.example", vec!["it@acme.example"])] {
        for told in Telling::still() {
            let world = told.world(MONDAY, &rules("active", &format!("mail = \"{mail}\""))).await;
            world.hr.hire(&ada());
            let plan = world.hirewire(&["plan"]).await.expect(0).out;
            assert_eq!(plan.contains("+ activation mail"), !wanted.is_empty(), "{plan}");
            world.sync().await;
            assert_eq!((world.state(ADA), mails(&world)), ("ACTIVATED".to_owned(), super::owned(&wanted)));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_default_password_is_set_and_stops_the_mail() {
    const PASSWORD: &str = "Ch4nge-me-at-once!";
    for told in Telling::still() {
        let world = told.world(MONDAY, &rules("active", "default_password = \"file:first.key\"")).await;
        world.town.write_key("first.key", PASSWORD);
        world.hr.hire(&ada());
        let plan = world.hirewire(&["plan"]).await.expect(0);
        assert!(plan.out.contains("+ the default password (JumpCloud sends no activation mail then)"), "{plan:?}");
        let run = world.hirewire(&["sync"]).await.expect(0);
        assert_eq!((world.state(ADA), mails(&world)), ("ACTIVATED".to_owned(), Vec::new()));
        let exchanges = world.town.jumpcloud.traffic().exchanges();
        let with = exchanges.iter().filter(|one| String::from_utf8_lossy(&one.body).contains(PASSWORD));
        assert_eq!(with.map(|one| one.method.as_str()).collect::<Vec<_>>(), ["POST"], "once, when it is made");
        for said in [&plan.out, &plan.err, &run.out, &world.log_of(&run)] {
            assert!(!said.contains(PASSWORD), "a password is nobody's to read");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_default_password_and_a_mail_are_refused_together() {
    for told in Telling::still() {
        let both = "mail = \"send\"\ndefault_password = \"file:first.key\"";
        let world = told.world(MONDAY, &rules("active", both)).await;
        world.town.write_key("first.key", "Ch4nge-me-at-once!");
        world.hr.hire(&ada());
        let run = world.hirewire(&["plan"]).await.expect(2);
        assert!(run.err.contains("a default password stops the activation mail"), "{}", run.err);
        assert!(run.err.contains("keep one of the two"), "{}", run.err);
        // Nor is a mail promised that never comes.
        world.rules(&rules("suspended-until-start", "mail = \"send\""));
        let run = world.hirewire(&["plan"]).await.expect(2);
        assert!(run.err.contains("with this first_state no activation mail is ever sent"), "{}", run.err);
        assert!(!world.exists(ADA));
    }
}
