//! Region, credentials and patience: one for all clients of a process. And what went wrong, in few words.

use std::error::Error;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use tokio::sync::OnceCell;

/// How long one call may take, with all its tries. A function has 29 s to answer a webhook.
const CALL: Duration = Duration::from_secs(20);
/// How long one try may take. The services answer in milliseconds, and nothing here waits at their side: whoever does
/// not answer is gone. What is sent is small enough to be out by then on a slow line too.
const TRY: Duration = Duration::from_secs(5);
/// How long a connection may take to come up.
const CONNECT: Duration = Duration::from_secs(3);
/// How often a call is tried that was throttled, or not answered.
const TRIES: u32 = 5;

/// From the environment, the profile, or the function's role, whatever AWS's own tools would use.
pub(crate) async fn config() -> &'static SdkConfig {
    static CONFIG: OnceCell<SdkConfig> = OnceCell::const_new();
    let patience =
        || TimeoutConfig::builder().operation_timeout(CALL).operation_attempt_timeout(TRY).connect_timeout(CONNECT);
    let load = || async {
        aws_config::defaults(aws_config::BehaviorVersion::latest())
            .timeout_config(patience().build())
            .retry_config(RetryConfig::standard().with_max_attempts(TRIES))
            .load()
            .await
    };
    CONFIG.get_or_init(load).await
}

/// What AWS said: the code of its error, or why there is no answer. Its words only where something is not permitted,
/// because they name the permission that is missing; elsewhere they may quote what was sent.
pub(crate) fn said<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E>) -> String {
    let Some(answer) = error.as_service_error() else {
        // The innermost cause is the one that can be put right: no route, no credentials, no time left.
        let mut cause: &dyn Error = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        return match error {
            SdkError::TimeoutError(_) => "no answer in time".to_owned(),
            SdkError::DispatchFailure(failure) if failure.is_io() || failure.is_timeout() => {
                format!("no answer: {cause}")
            }
            SdkError::ResponseError(_) => format!("an answer that cannot be read: {cause}"),
            _ => format!("cannot be asked: {cause}; say who asks with AWS_PROFILE, and where with AWS_REGION"),
        };
    };
    match (answer.code(), answer.message()) {
        (Some(code), Some(message)) if code.contains("AccessDenied") => format!("{code}: {message}"),
        (Some(code), _) => code.to_owned(),
        (None, _) => match error.raw_response() {
            Some(response) => format!("status {}", response.status().as_u16()),
            None => "an answer that says nothing".to_owned(),
        },
    }
}
