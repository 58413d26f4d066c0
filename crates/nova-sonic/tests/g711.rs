//! G.711 against another implementation's tables (fixtures/audio/g711).
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use nova_sonic::audio::{alaw_decode, alaw_encode, ulaw_decode, ulaw_encode};

fn agrees(table: &str, decode: fn(u8) -> i16, encode: fn(i16) -> u8) {
    let (mut decoded, mut encoded) = (0, 0);
    for line in table.lines() {
        let fields: Vec<_> = line.split(' ').collect();
        match *fields {
            ["decode", code, sample] => {
                assert_eq!(
                    decode(code.parse().unwrap()),
                    sample.parse::<i16>().unwrap(),
                    "{line}"
                );
                decoded += 1;
            }
            ["encode", sample, code] => {
                assert_eq!(
                    encode(sample.parse().unwrap()),
                    code.parse::<u8>().unwrap(),
                    "{line}"
                );
                encoded += 1;
            }
            _ => panic!("{line}"),
        }
    }
    assert_eq!(decoded, 256);
    assert!(encoded > 1_700);
}

#[test]
fn ulaw_is_as_python_has_it() {
    let table = include_str!("../../../fixtures/audio/g711/ulaw.txt");
    agrees(table, ulaw_decode, ulaw_encode);
}

#[test]
fn alaw_is_as_python_has_it() {
    let table = include_str!("../../../fixtures/audio/g711/alaw.txt");
    agrees(table, alaw_decode, alaw_encode);
}
