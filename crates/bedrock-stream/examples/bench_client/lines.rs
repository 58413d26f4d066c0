//! What a client under measure says to who measures it.

use std::error::Error;
use std::time::Instant;

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// Says that all is ready, and waits for the word. What is measured begins here.
pub(crate) fn ready() -> Outcome<Instant> {
    println!("{{\"ready\":true}}");
    std::io::stdin().read_line(&mut String::new())?;
    Ok(Instant::now())
}

/// Says what was done, and waits until it was measured.
pub(crate) fn done(begun: Instant, detail: &serde_json::Value) -> Outcome {
    let micros = u64::try_from(begun.elapsed().as_micros())?;
    println!(
        "{}",
        serde_json::json!({"micros": micros, "detail": detail})
    );
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}
