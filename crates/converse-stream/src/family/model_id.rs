//! Model ids and ARNs: which family they name.

use super::{Family, TABLE};

/// Looks at each segment of an ARN, for the base model of a custom model stands in the middle of it, and behind a segment's
/// first label, which may say where the model runs (`us.`, `global.`).
pub(super) fn family(id: &str) -> Option<Family> {
    let candidates = id.split('/').flat_map(|segment| {
        let behind = segment.split_once('.').map(|(_, rest)| rest);
        [Some(segment), behind]
    });
    candidates.flatten().find_map(named)
}

/// The family of the longest beginning that fits.
fn named(id: &str) -> Option<Family> {
    let rows = TABLE.iter().flat_map(|row| {
        let fits = row.ids.iter().filter(|begin| id.starts_with(**begin));
        fits.map(|begin| (begin.len(), row.family))
    });
    rows.max_by_key(|(len, _)| *len).map(|(_, family)| family)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_arns_and_profiles() {
        use Family::*;
        for (id, expected) in [
            (
                "anthropic.claude-3-haiku-20240307-v1:0",
                Some(AnthropicMessages),
            ),
            (
                "us-gov.anthropic.claude-3-haiku-20240307-v1:0",
                Some(AnthropicMessages),
            ),
            ("global.amazon.nova-2-lite-v1:0", Some(Nova)),
            ("amazon.titan-text-express-v1", Some(Titan)),
            ("amazon.titan-embed-text-v2:0", None),
            ("apac.meta.llama3-3-70b-instruct-v1:0", Some(Llama)),
            ("mistral.mistral-7b-instruct-v0:2", Some(MistralText)),
            ("mistral.mixtral-8x7b-instruct-v0:1", Some(MistralText)),
            ("us.mistral.pixtral-large-2502-v1:0", Some(MistralChat)),
            ("cohere.command-r-plus-v1:0", Some(CohereChat)),
            ("cohere.command-text-v14", Some(CohereCommand)),
            ("ai21.jamba-1-5-large-v1:0", Some(Jamba)),
            ("ai21.j2-ultra-v1", None),
            ("us.deepseek.r1-v1:0", Some(DeepSeek)),
            ("deepseek.v3-v1:0", Some(OpenAi)),
            ("us.writer.palmyra-x5-v1:0", Some(Writer)),
            ("openai.gpt-oss-120b-1:0", Some(OpenAi)),
            ("qwen.qwen3-32b-v1:0", Some(OpenAi)),
            (
                "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-v2:1",
                Some(AnthropicMessages),
            ),
            (
                "arn:aws:bedrock:eu-west-1:111122223333:inference-profile/eu.amazon.nova-lite-v1:0",
                Some(Nova),
            ),
            (
                "arn:aws:bedrock:us-east-1:111122223333:custom-model/amazon.titan-text-express-v1:0:8k/a1b2c3",
                Some(Titan),
            ),
            (
                "arn:aws:bedrock:us-east-1:111122223333:provisioned-model/a1b2c3",
                None,
            ),
            (
                "arn:aws:bedrock:us-east-1:111122223333:imported-model/a1b2c3",
                None,
            ),
            ("", None),
        ] {
            assert_eq!(family(id), expected, "{id}");
        }
    }

    #[test]
    fn names_are_read_again() {
        for family in Family::all() {
            assert_eq!(Family::by_name(family.name()), Some(family));
            assert!(!family.mark().is_empty());
        }
        assert_eq!(Family::by_name("auto"), None);
    }
}
