//! A Bedrock for the command to talk to: in this process, or by `bedrock serve` and its like in another.

use std::net::SocketAddr;
use std::process::Command;

use bedrock_loopback::{Builder, Loopback};

use crate::command::{Folder, bedrock};

/// A server in this process.
pub(crate) struct Served {
    _runtime: tokio::runtime::Runtime,
    server: Loopback,
    ca_file: String,
    _folder: Folder,
}

impl Served {
    /// Starts one; the name is the test's.
    pub(crate) fn start(name: &str, builder: Builder) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let server = runtime.block_on(builder.start()).unwrap();
        let folder = Folder::new(name);
        let ca_file = folder.write("ca.pem", server.ca_pem());
        Self {
            _runtime: runtime,
            server,
            ca_file,
            _folder: folder,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        let url = self.server.url().replace("localhost", "127.0.0.1");
        url.trim_start_matches("https://").parse().unwrap()
    }

    /// The command, in an environment that leads to this server.
    pub(crate) fn bedrock(&self) -> Command {
        let mut command = bedrock();
        command
            .env("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", self.server.url())
            .env("AWS_CA_BUNDLE", &self.ca_file)
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", self.server.access_key_id())
            .env("AWS_SECRET_ACCESS_KEY", self.server.secret_access_key());
        command
    }
}

#[cfg(unix)]
pub(crate) use process::Server;

#[cfg(unix)]
mod process {
    use std::io::{BufRead as _, BufReader, Read as _};
    use std::process::{Child, Command, Stdio};

    use serde_json::Value;

    use crate::command::{bedrock, interrupt};

    /// A server in another process, and what it printed when it was ready. It ends with this.
    pub(crate) struct Server {
        child: Child,
        ready: Value,
    }

    impl Server {
        pub(crate) fn start(command: &mut Command) -> Self {
            let mut child = command
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut line = String::new();
            BufReader::new(child.stdout.take().unwrap())
                .read_line(&mut line)
                .unwrap();
            let ready = serde_json::from_str(&line).unwrap();
            Self { child, ready }
        }

        /// What it printed of itself.
        pub(crate) fn of(&self, member: &str) -> &str {
            self.ready[member].as_str().unwrap()
        }

        /// A client of it.
        pub(crate) fn client(&self, operation: &str) -> Command {
            let mut client = bedrock();
            client
                .args([operation, "--region", self.of("region")])
                .args(["--endpoint-url", self.of("url")])
                .args(["--ca-file", self.of("ca_file")])
                .env("AWS_ACCESS_KEY_ID", self.of("access_key_id"))
                .env("AWS_SECRET_ACCESS_KEY", self.of("secret_access_key"));
            client
        }

        /// Its exit code and what it said, when Ctrl-C ends it.
        pub(crate) fn interrupted(self) -> (Option<i32>, String) {
            interrupt(&self.child);
            self.ended()
        }

        /// The same, when it ends by itself.
        pub(crate) fn ended(mut self) -> (Option<i32>, String) {
            let mut said = String::new();
            let mut errors = self.child.stderr.take().unwrap();
            errors.read_to_string(&mut said).unwrap();
            (self.child.wait().unwrap().code(), said)
        }
    }

    impl Drop for Server {
        fn drop(&mut self) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
