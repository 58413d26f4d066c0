//! What a guardrail found.

use serde_json::value::RawValue;

use crate::json::Json;
use crate::payload;

/// What a guardrail found, as the service's JSON with views of what is asked for most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardrailTrace(Json);

impl GuardrailTrace {
    /// The whole trace: `modelOutput`, `actionReason`, and `inputAssessment` and `outputAssessments`, which InvokeModel calls
    /// `input` and `outputs`.
    #[must_use]
    pub fn json(&self) -> &Json {
        &self.0
    }

    /// Why the guardrail acted.
    #[must_use]
    pub fn action_reason(&self) -> Option<String> {
        payload::text(self.member("actionReason")?).ok()
    }

    /// What the model had said before the guardrail acted.
    #[must_use]
    pub fn model_output(&self) -> Vec<String> {
        self.member("modelOutput")
            .and_then(|raw| serde_json::from_str(raw.get()).ok())
            .unwrap_or_default()
    }

    /// What was found in the request: guardrail ids with their assessments.
    #[must_use]
    pub fn input_assessments(&self) -> Vec<(String, Json)> {
        let mut found = Vec::new();
        if let Some(raw) = self
            .member("inputAssessment")
            .or_else(|| self.member("input"))
        {
            let _ = payload::members(raw.get(), |id, assessment| {
                found.push((id.to_owned(), assessment.into()));
                Ok(())
            });
        }
        found
    }

    /// What was found in the reply: guardrail ids with their assessments, a pair for each.
    #[must_use]
    pub fn output_assessments(&self) -> Vec<(String, Json)> {
        let mut found = Vec::new();
        if let Some(raw) = self.member("outputAssessments") {
            let _ = payload::members(raw.get(), |id, list| {
                payload::elements(list, |assessment| {
                    found.push((id.to_owned(), assessment.into()));
                    Ok(())
                })
            });
        }
        if let Some(raw) = self.member("outputs") {
            let _ = payload::elements(raw, |assessments| {
                payload::members(assessments.get(), |id, assessment| {
                    found.push((id.to_owned(), assessment.into()));
                    Ok(())
                })
            });
        }
        found
    }

    fn member(&self, wanted: &str) -> Option<&RawValue> {
        let mut found = None;
        payload::members(self.0.as_str(), |name, value| {
            if name == wanted {
                found = Some(value);
            }
            Ok(())
        })
        .ok()?;
        found
    }
}

impl From<Json> for GuardrailTrace {
    fn from(trace: Json) -> Self {
        Self(trace)
    }
}
