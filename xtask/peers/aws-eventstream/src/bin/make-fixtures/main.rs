//! Writes fixtures/eventstream and fixtures/signed: good frames by aws-smithy-eventstream and aws-sigv4, bad ones by hand.
//!
//! `cargo run --manifest-path xtask/peers/Cargo.toml --target-dir target/peers --bin make-fixtures -- fixtures`

mod faults;
mod folder;
mod frames;
mod good;
mod signed;

use std::path::PathBuf;

use folder::Folder;

fn main() {
    let argument = std::env::args()
        .nth(1)
        .expect("the fixtures folder as the one argument");
    let root = PathBuf::from(argument);
    let eventstream = Folder::new(&root.join("eventstream"));
    good::write(&eventstream);
    faults::write(&eventstream);
    signed::write(&Folder::new(&root.join("signed")));
}
