//! Region, credentials and patience: one for all clients of a process.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use tokio::sync::OnceCell;

/// How long one call may take, with all its tries.
const CALL: Duration = Duration::from_secs(20);
/// How long one try may take. The services answer in milliseconds; whoever does not is gone.
const TRY: Duration = Duration::from_secs(5);
/// How long a connection may take to come up.
const CONNECT: Duration = Duration::from_secs(3);
/// How often a call is tried that was throttled, or not answered.
const TRIES: u32 = 5;

/// From the environment, the profile, or the function's role, whatever AWS's own tools would use.
pub(crate) async fn config() -> &'static SdkConfig {
    static CONFIG: OnceCell<SdkConfig> = OnceCell::const_new();
    let patience = || TimeoutConfig::builder().operation_timeout(CALL).operation_attempt_timeout(TRY).connect_timeout(CONNECT);
    let load = || async {
        aws_config::defaults(aws_config::BehaviorVersion::latest())
            .timeout_config(patience().build())
            .retry_config(RetryConfig::standard().with_max_attempts(TRIES))
            .load()
            .await
    };
    CONFIG.get_or_init(load).await
}
