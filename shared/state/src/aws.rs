//! Region, credentials and patience: one for all clients of a process. And what went wrong, in few words.

use std::error::Error;
use std::sync::LazyLock;
use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::SharedCredentialsProvider;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
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
    let load = || async {
        aws_config::defaults(BehaviorVersion::latest())
            .timeout_config(patience())
            .retry_config(RetryConfig::standard().with_max_attempts(TRIES))
            .load()
            .await
    };
    CONFIG.get_or_init(load).await
}

/// As AWS Lambda tells a function, by variables, for one service (as AWS calls it in variables: `SECRETS_MANAGER`): region
/// and credentials, and where it answers if that is not AWS. [`config`] would find the same in the end; but what it can
/// look for besides is a tenth of a function's size.
pub(crate) fn function_config(service: &str) -> SdkConfig {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let endpoint = set(&format!("AWS_ENDPOINT_URL_{service}")).or_else(|| set("AWS_ENDPOINT_URL"));
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(set("AWS_REGION").map(Region::new))
        .credentials_provider(SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new()))
        .timeout_config(patience())
        .retry_config(RetryConfig::standard().with_max_attempts(TRIES))
        .http_client(Connections::shared());
    config.set_endpoint_url(endpoint);
    config.build()
}

/// One pool of connections for all services, made when the first call is. Left to itself the SDK reads all root
/// certificates once for each service when a function starts, throws that away, and reads them again at the first call;
/// that is half of the time that a function needs to start. No proxy is looked for.
#[derive(Debug)]
struct Connections(SharedHttpClient);

impl Connections {
    fn shared() -> SharedHttpClient {
        static CLIENT: LazyLock<SharedHttpClient> = LazyLock::new(|| {
            let client = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
            SharedHttpClient::new(Connections(client.build_https()))
        });
        CLIENT.clone()
    }
}

impl HttpClient for Connections {
    fn http_connector(&self, settings: &HttpConnectorSettings, with: &RuntimeComponents) -> SharedHttpConnector {
        self.0.http_connector(settings, with)
    }

    // `validate_base_client_config`, which would make connections for nothing, is left as it is: it does nothing.

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}

fn patience() -> TimeoutConfig {
    TimeoutConfig::builder().operation_timeout(CALL).operation_attempt_timeout(TRY).connect_timeout(CONNECT).build()
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
