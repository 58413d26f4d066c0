//! nginx; of its modules only `grpc_pass` speaks HTTP/2 to servers and passes both directions at once.

use std::fs;
use std::process::Command;

use super::{MiddleBox, Place, Setup};
use crate::failure::Failure;

pub(super) const BOX: MiddleBox = MiddleBox {
    name: "nginx",
    program: "nginx",
    package: "nginx-light",
    version: "-v",
    place: Place::Front,
    command,
};

fn command(setup: &Setup<'_>) -> Result<Command, Failure> {
    let config = setup.folder.join("nginx.conf");
    let text = format!(
        "\
daemon off;
master_process off;
pid nginx.pid;
error_log stderr;
events {{ }}
http {{
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  server {{
    listen 127.0.0.1:{port} ssl http2;
    ssl_certificate {chain};
    ssl_certificate_key {key};
    client_max_body_size 0;
    location / {{
      grpc_pass grpcs://127.0.0.1:{upstream};
      grpc_set_header Host $http_host;
      grpc_ssl_trusted_certificate {ca};
      grpc_ssl_verify on;
      grpc_ssl_name localhost;
      grpc_ssl_server_name on;
    }}
  }}
}}
",
        port = setup.port,
        chain = setup.tls.chain.display(),
        key = setup.tls.key.display(),
        upstream = setup.upstream,
        ca = setup.upstream_ca.display(),
    );
    fs::write(&config, text).map_err(|e| Failure::at(&config, "write", e))?;
    let mut nginx = Command::new(setup.program);
    nginx.arg("-p").arg(setup.folder).arg("-c").arg(&config);
    nginx.args(["-e", "stderr"]);
    Ok(nginx)
}
