//! What nobody could confirm about JumpCloud, as switches. Defaults are the likeliest or the strictest.

/// How an error is wrapped; three shapes were seen, and two more that a client must survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Envelope {
    /// `{"error":"Not Found","message":"..."}`, measured.
    Named,
    /// `{"code":404,"message":"...","status":"NOT_FOUND"}`, in the specifications.
    Coded,
    /// `{"message":"..."}`, seen on graph writes.
    Bare,
    /// No body at all.
    Empty,
    /// A page of HTML.
    Html,
}

/// What an unknown id is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// 404 with an error.
    NotFound,
    /// 200 with an empty body, as one Terraform provider says.
    Empty,
}

/// What a successful activate, suspend, expire, unlock or resetmfa is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionAnswer {
    /// 200 and nothing.
    Empty,
    /// 200 and `{}`.
    Braces,
    /// 200 and the user.
    User,
}

/// What becomes of a filter in the other API's form (`field:op:value` in v1, `field:$op:value` in v2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrongFilter {
    /// As if it were not there: everything comes back. The dangerous one, hence the default.
    Ignored,
    /// 400.
    Refused,
}

/// A user's `state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserState {
    /// Prepared; no access yet.
    Staged,
    /// In use.
    Activated,
    /// No access any more.
    Suspended,
}

impl UserState {
    /// As on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            UserState::Staged => "STAGED",
            UserState::Activated => "ACTIVATED",
            UserState::Suspended => "SUSPENDED",
        }
    }

    pub(super) fn parse(text: &str) -> Option<UserState> {
        match text {
            "STAGED" => Some(UserState::Staged),
            "ACTIVATED" => Some(UserState::Activated),
            "SUSPENDED" => Some(UserState::Suspended),
            _ => None,
        }
    }
}

/// Every doubtful behaviour of the simulated JumpCloud.
#[derive(Clone, Copy, Debug)]
pub struct Switches {
    /// Status of a create or update that would repeat a username, e-mail or employeeIdentifier: 400 or 409.
    pub duplicate_user: u16,
    /// Its message.
    pub duplicate_user_text: &'static str,
    /// Status of a PUT that would change the user name of somebody bound to devices: 400, 409, or 200 where it is taken.
    pub bound_rename: u16,
    /// GET of an unknown user.
    pub unknown_user_read: Missing,
    /// PUT and DELETE of an unknown user.
    pub unknown_user_write: Missing,
    /// Status of adding a member twice: 409 or 204.
    pub duplicate_member: u16,
    /// Status of removing someone who is no member: 404 or 204.
    pub missing_member: u16,
    /// Whether a second group of the same name is refused with 409.
    pub duplicate_group_refused: bool,
    /// Status of deleting a group: 204, or 200 with the group.
    pub group_delete: u16,
    /// Status of activating someone who is not staged: 400, 409 or 200.
    pub activate_again: u16,
    /// Whether the newer `state/suspend` call exists; 404 otherwise.
    pub suspend_call_exists: bool,
    /// What a successful action call is answered with.
    pub action_answer: ActionAnswer,
    /// Status of a write by the read-only administrator: 403 or 401.
    pub read_only_write: u16,
    /// Whether the key belongs to a provider's administrator, who must send `x-org-id`.
    pub multi_tenant: bool,
    /// The largest page of `GET /systemusers`.
    pub list_cap: usize,
    /// The largest page of `POST /search/systemusers`.
    pub search_cap: usize,
    /// What becomes of filters in the wrong form.
    pub wrong_filter: WrongFilter,
    /// Whether unknown keys in a body are refused with 400; otherwise they are dropped and recorded.
    pub unknown_keys_refused: bool,
    /// Whether a manager who does not exist is refused with 400.
    pub unknown_manager_refused: bool,
    /// Whether `""` clears a text; refused with 400 otherwise.
    pub empty_clears: bool,
    /// Whether `null` clears a text (it always clears `employeeIdentifier` and `manager`); refused with 400 otherwise.
    pub null_clears: bool,
    /// Whether writes to a user's `restrictedFields` are refused with 400.
    pub restricted_fields_refused: bool,
    /// Whether the server checks the characters and the length of usernames.
    pub username_rules: bool,
    /// The longest username it takes then: 30 for Mac and Linux devices, 20 for Windows.
    pub username_limit: usize,
    /// Whether `Ada@x` and `ada@x` may both exist.
    pub email_case_matters: bool,
    /// Whether PUT may take a staged user to ACTIVATED; 400 otherwise.
    pub staged_put_activates: bool,
    /// Whether PUT may take a staged user to SUSPENDED; 400 otherwise.
    pub staged_put_suspends: bool,
    /// Whether a user without a password who is activated from the start gets the activation mail.
    pub creation_mails: bool,
    /// Whether activation by PUT sends the activation mail.
    pub put_activation_mails: bool,
    /// The organisation's `newSystemUserStateDefaults.manualEntry`.
    pub default_state: UserState,
    /// The organisation's `newSystemUserStateDefaults.csvImport`, for bulk creation.
    pub bulk_default_state: UserState,
    /// How v1 wraps errors.
    pub v1_errors: Envelope,
    /// How v2 wraps errors, the graph apart.
    pub v2_errors: Envelope,
    /// How membership and association calls wrap errors.
    pub graph_errors: Envelope,
    /// Whether PUT of a group resets what it leaves out.
    pub group_put_resets: bool,
    /// Whether groups show the fields that came after the recordings of 2021 (`membershipMethod` and others).
    pub newer_group_fields: bool,
    /// Whether new users join "All Users" by themselves.
    pub all_users_fills_itself: bool,
    /// Whether dynamic groups follow a user's change at once; otherwise at the next tick.
    pub recompute_at_once: bool,
    /// Whether writes of members to a DYNAMIC_AUTOMATED group are refused with 400; taken and undone otherwise.
    pub dynamic_add_refused: bool,
    /// How long a bulk job waits before it runs, in seconds of the clock.
    pub bulk_delay: i64,
    /// Whether a bulk job is accepted and then does nothing (jcapi-python issue 37).
    pub bulk_swallows: bool,
    /// The words for a bulk item that waits, is done, and failed.
    pub bulk_words: [&'static str; 3],
    /// Whether a state change scheduled in the past is refused with 400; it runs at once otherwise.
    pub past_schedule_refused: bool,
}

impl Default for Switches {
    fn default() -> Switches {
        Switches {
            duplicate_user: 400,
            duplicate_user_text: "User already exists",
            bound_rename: 400,
            unknown_user_read: Missing::NotFound,
            unknown_user_write: Missing::NotFound,
            duplicate_member: 409,
            missing_member: 404,
            duplicate_group_refused: false,
            group_delete: 204,
            activate_again: 400,
            suspend_call_exists: true,
            action_answer: ActionAnswer::Empty,
            read_only_write: 403,
            multi_tenant: false,
            list_cap: 100,
            search_cap: 1000,
            wrong_filter: WrongFilter::Ignored,
            unknown_keys_refused: false,
            unknown_manager_refused: true,
            empty_clears: true,
            null_clears: false,
            restricted_fields_refused: false,
            username_rules: true,
            username_limit: 30,
            email_case_matters: false,
            staged_put_activates: true,
            staged_put_suspends: true,
            creation_mails: true,
            put_activation_mails: false,
            default_state: UserState::Activated,
            bulk_default_state: UserState::Staged,
            v1_errors: Envelope::Named,
            v2_errors: Envelope::Coded,
            graph_errors: Envelope::Bare,
            group_put_resets: true,
            newer_group_fields: true,
            all_users_fills_itself: false,
            recompute_at_once: true,
            dynamic_add_refused: false,
            bulk_delay: 0,
            bulk_swallows: false,
            bulk_words: ["pending", "completed", "failed"],
            past_schedule_refused: true,
        }
    }
}
