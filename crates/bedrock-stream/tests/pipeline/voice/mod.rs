//! Whole conversations with the driver.

mod cast;
mod ends;
mod pressure;
mod quiet;
mod talk;
mod tools;
