//! What every program weighs.

use std::io::{Read, Write};

fn main() {
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input).expect("input");
    std::io::stdout().write_all(&input).expect("output");
}
