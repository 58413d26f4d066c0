//! Who answers.

use nova_sonic::NOVA_2_5_SONIC;

/// The options of commands in which a model speaks.
#[derive(Debug, clap::Args)]
pub(crate) struct AnswerArgs {
    /// What the model should be and do
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "You are a friendly assistant. Answer in a few short sentences."
    )]
    pub(crate) system: String,
    /// The model
    #[arg(long, value_name = "ID", default_value = NOVA_2_5_SONIC)]
    pub(crate) model: String,
}
