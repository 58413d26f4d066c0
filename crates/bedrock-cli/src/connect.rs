//! Where a command connects to: Amazon Bedrock, another endpoint, or a Bedrock started just for it.

use std::path::PathBuf;

use bedrock_loopback::Loopback;
use bedrock_stream::{Client, ClientBuilder, Credentials, ErrorKind, Proxy};
use clap::Args;

use crate::exit::Stop;
use crate::record::RecordArgs;

/// For those who have not come to AWS yet.
const WITHOUT_AN_ACCOUNT: &str = "; without an account: --loopback";

/// The options of every command that talks to Bedrock.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ConnectArgs {
    /// Talk to a Bedrock on this machine that is started for this command: no account, no network
    #[arg(long, conflicts_with_all = ["endpoint_url", "ca_file", "profile", "proxy", "connect_to"])]
    loopback: bool,
    /// The AWS region; otherwise that of the profile [env: `AWS_REGION`]
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
    /// The profile in the AWS configuration files [env: `AWS_PROFILE`]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Another endpoint: a VPC endpoint, a gateway, `bedrock serve` [env: `AWS_ENDPOINT_URL_BEDROCK_RUNTIME`]
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
    /// Certificates to trust instead of the system's, in PEM [env: `AWS_CA_BUNDLE`]
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// The proxy to go through: http://, https://, socks5:// or socks5h://, or `env` for what `HTTPS_PROXY` and `NO_PROXY` say
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,
    /// Connect there, whatever the endpoint is called: a VPC endpoint, a tunnel
    #[arg(long, value_name = "HOST:PORT")]
    connect_to: Option<String>,
    #[command(flatten)]
    record: RecordArgs,
}

impl ConnectArgs {
    /// The client, and the server where one was started for it.
    pub(crate) async fn connect(&self) -> Result<(Client, Option<Loopback>), Stop> {
        self.connect_with(|builder| builder).await
    }

    /// The client with further settings.
    pub(crate) async fn connect_with(
        &self,
        set: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Result<(Client, Option<Loopback>), Stop> {
        let mut builder = set(Client::builder());
        if self.loopback {
            return self.start_loopback(builder).await;
        }
        if let Some(recording) = self.record.start().map_err(Stop::usage)? {
            builder = builder.record(recording);
        }
        if let Some(region) = &self.region {
            builder = builder.region(region);
        }
        if let Some(profile) = &self.profile {
            builder = builder.profile(profile);
        }
        if let Some(url) = &self.endpoint_url {
            builder = builder.endpoint_url(url);
        }
        // AWS_CA_BUNDLE is for `load` to read: with --loopback the environment must not matter.
        if let Some(path) = &self.ca_file {
            let pem = std::fs::read(path)
                .map_err(|error| Stop::usage(format!("{}: {error}", path.display())))?;
            builder = builder.trust_pem(pem);
        }
        match self.proxy.as_deref() {
            Some("env") => builder = builder.proxy(Proxy::from_env()),
            Some(url) => {
                let proxy =
                    Proxy::all(url).map_err(|error| Stop::usage(format!("--proxy: {error}")))?;
                builder = builder.proxy(proxy);
            }
            None => {}
        }
        if let Some(target) = &self.connect_to {
            builder = builder.connect_to(target.as_str());
        }
        let client = builder.load().await.map_err(|error| {
            let without = match error.kind() {
                ErrorKind::Config(text) if text.contains("no AWS region") => WITHOUT_AN_ACCOUNT,
                _ => "",
            };
            format!("{error}{without}")
        })?;
        Ok((client, None))
    }

    /// The proxy that was asked for, as it was written.
    pub(crate) fn proxy(&self) -> Option<&str> {
        self.proxy.as_deref()
    }

    async fn start_loopback(
        &self,
        builder: ClientBuilder,
    ) -> Result<(Client, Option<Loopback>), Stop> {
        let region = self.region.as_deref().unwrap_or("us-east-1");
        let server = Loopback::builder()
            .region(region)
            .start()
            .await
            .map_err(|error| format!("the loopback Bedrock did not start: {error}"))?;
        let mut builder = builder
            .region(region)
            .endpoint_url(server.url())
            .trust_pem(server.ca_pem())
            .credentials(Credentials::new(
                server.access_key_id(),
                server.secret_access_key(),
            ));
        if let Some(recording) = self.record.start().map_err(Stop::usage)? {
            builder = builder.record(recording);
        }
        let client = builder.build().map_err(|error| error.to_string())?;
        Ok((client, Some(server)))
    }
}
