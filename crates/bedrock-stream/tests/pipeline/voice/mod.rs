//! Whole conversations with the driver.

mod cast;
mod ends;
mod pressure;
mod quiet;
mod renewal;
mod seeds;
mod talk;
mod tools;
