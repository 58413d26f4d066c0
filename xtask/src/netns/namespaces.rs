//! Two network namespaces, one for the client and one for the server; gone when dropped.

use std::path::Path;
use std::process::Command;

use crate::failure::Failure;
use crate::workspace;

/// One end of the link.
pub(super) struct End {
    /// The namespace.
    pub(super) namespace: String,
    /// The TUN device, which the relay makes and [`Namespaces::join`] moves here.
    pub(super) device: String,
    /// Its address. The loopback listens on loopback addresses only, so it is one of those.
    pub(super) address: &'static str,
}

impl End {
    /// The words that run a program here.
    pub(super) fn exec(&self) -> [&str; 4] {
        ["ip", "netns", "exec", &self.namespace]
    }
}

/// Both ends.
pub(super) struct Namespaces {
    pub(super) client: End,
    pub(super) server: End,
}

impl Namespaces {
    /// Makes them; `Err` says what this machine lacks.
    pub(super) fn make() -> Result<Self, Failure> {
        let end = |letter: char, address| {
            // A device's name has 15 letters at most.
            let name = format!("bed{}{letter}", std::process::id());
            End {
                namespace: name.clone(),
                device: name,
                address,
            }
        };
        let made = Self {
            client: end('c', "127.9.0.1"),
            server: end('s', "127.9.0.2"),
        };
        tun_device()?;
        for end in [&made.client, &made.server] {
            ip(&["netns", "add", &end.namespace])?;
        }
        Ok(made)
    }

    /// Moves the relay's devices into them, and gives them their addresses.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(super) fn join(&self) -> Result<(), Failure> {
        let (client, server) = (&self.client, &self.server);
        for (end, peer) in [(client, server), (server, client)] {
            let (namespace, device) = (end.namespace.as_str(), end.device.as_str());
            ip(&["link", "set", device, "netns", namespace])?;
            // Else the kernel takes packets from such addresses for forged.
            let allow = format!("echo 1 > /proc/sys/net/ipv4/conf/{device}/route_localnet");
            ip(&["netns", "exec", namespace, "sh", "-c", &allow])?;
            let here = ["-n", namespace];
            let addresses = [
                "addr",
                "add",
                end.address,
                "peer",
                peer.address,
                "dev",
                device,
            ];
            ip(&[&here[..], &addresses].concat())?;
            ip(&[&here[..], &["link", "set", device, "up"]].concat())?;
        }
        Ok(())
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for end in [&self.client, &self.server] {
            // One that was not made cannot be deleted.
            drop(ip(&["netns", "del", &end.namespace]));
        }
    }
}

fn ip(arguments: &[&str]) -> Result<(), Failure> {
    workspace::capture(Command::new("ip").args(arguments)).map(drop)
}

/// Makes the device file that TUN devices are made through, where a container has none.
fn tun_device() -> Result<(), Failure> {
    let file = Path::new("/dev/net/tun");
    if file.exists() {
        return Ok(());
    }
    std::fs::create_dir_all("/dev/net").map_err(|e| Failure::at(file, "create", e))?;
    let mut mknod = Command::new("mknod");
    mknod.arg(file).args(["c", "10", "200"]);
    workspace::capture(&mut mknod).map(drop)
}
