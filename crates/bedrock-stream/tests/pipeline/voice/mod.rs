//! Whole conversations with the driver.

mod cast;
mod ends;
mod pressure;
mod talk;
mod tools;
