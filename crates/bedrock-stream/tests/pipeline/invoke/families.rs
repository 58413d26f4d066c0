//! Every family from the request that its body builder writes to the reply that its adapter folds.

use bedrock_loopback::{Fault, FaultKind, Scenario};
use bedrock_stream::{ErrorKind, Missing, Outcome};
use converse_stream::family::Family;
use converse_stream::{ConverseRequest, Message, Reply, ReplyContent, StopReason};
use serde_json::{Value, json};

use super::{MODELS, ask};
use crate::stage::server;

fn body(family: Family, model: &str, max_tokens: u32) -> String {
    let request = ConverseRequest::new()
        .with_message(Message::user("one two three four"))
        .with_max_tokens(max_tokens);
    family.body(model, &request).unwrap().to_string()
}

fn reason(reply: &Reply) -> &StopReason {
    &reply.stop.as_ref().unwrap().reason
}

#[test]
fn every_family_is_here() {
    for family in Family::all() {
        let found = MODELS.iter().find(|(known, _)| *known == family);
        let (_, model) = found.unwrap_or_else(|| panic!("{family}"));
        let named = Family::of_model(model);
        // Claude 2 speaks both formats; its id names the newer one.
        assert!(
            named == Some(family) || family == Family::AnthropicText,
            "{family}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn every_family_says_text_to_its_end() {
    for (family, model) in MODELS {
        for server in [server(), server().fault(FaultKind::OneByteChunks)] {
            let mut reply = ask(server, model, body(family, model, 200), |call| call)
                .await
                .unwrap();
            let id = reply.request_id().unwrap().to_owned();
            while reply.next().await.unwrap().is_some() {}
            assert_eq!(reply.family(), Some(family));
            let outcome = reply.outcome().unwrap();
            assert!(outcome.is_complete(), "{family}");
            let reply = outcome.received();
            assert!(
                reply.text().contains("one two three four"),
                "{family}: {}",
                reply.text()
            );
            let expected = match family {
                Family::AnthropicText => StopReason::StopSequence,
                _ => StopReason::EndTurn,
            };
            assert_eq!(reason(reply), &expected, "{family}");
            assert!(reply.unknown.is_empty(), "{family}: {:?}", reply.unknown);
            assert_eq!(reply.request_id.as_deref(), Some(id.as_str()));
            let usage = reply.usage().unwrap();
            assert!(usage.output_tokens.unwrap() >= 4, "{family}: {usage:?}");
            assert!(usage.input_tokens.unwrap() > 4, "{family}: {usage:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_family_tells_that_the_limit_was_reached() {
    for (family, model) in MODELS {
        let reply = ask(server(), model, body(family, model, 2), |call| call).await;
        let reply = reply.unwrap().collect().await.unwrap();
        assert_eq!(reason(&reply), &StopReason::MaxTokens, "{family}");
        assert_eq!(reply.usage().unwrap().output_tokens, Some(2), "{family}");
    }
}

#[tokio::test(start_paused = true)]
async fn calls_come_whole_and_with_an_id() {
    let with_calls = [
        Family::AnthropicMessages,
        Family::Nova,
        Family::MistralChat,
        Family::CohereChat,
        Family::Jamba,
        Family::OpenAi,
    ];
    let mut minted = Vec::new();
    for (family, model) in MODELS
        .iter()
        .filter(|(family, _)| with_calls.contains(family))
    {
        for _ in 0..2 {
            let server = server().fault(FaultKind::ZeroArgTool);
            let reply = ask(server, model, body(*family, model, 200), |call| call).await;
            let reply = reply.unwrap().collect().await.unwrap();
            let calls: Vec<_> = reply.tool_calls().collect();
            assert_eq!(calls.len(), 1, "{family}");
            assert_eq!(calls[0].name, "loopback_ping");
            assert_eq!(calls[0].input.json().unwrap().as_str(), "{}", "{family}");
            assert!(reply.stop.as_ref().unwrap().has_tool_use, "{family}");
            if *family == Family::CohereChat {
                minted.push(calls[0].id.clone());
            } else {
                assert_eq!(calls[0].id, "tooluse_loopback1", "{family}");
            }
        }
    }
    assert!(minted.len() == 2 && minted[0] != minted[1], "{minted:?}");
}

#[tokio::test(start_paused = true)]
async fn reasoning_is_told_from_text() {
    let with_reasoning = [
        Family::AnthropicMessages,
        Family::Nova,
        Family::Jamba,
        Family::OpenAi,
    ];
    for (family, model) in MODELS
        .iter()
        .filter(|(family, _)| with_reasoning.contains(family))
    {
        let server = server().fault(FaultKind::Reasoning);
        let reply = ask(server, model, body(*family, model, 200), |call| call).await;
        let reply = reply.unwrap().collect().await.unwrap();
        let ReplyContent::Reasoning { text, .. } = &reply.blocks[0].content else {
            panic!("{family}: {:?}", reply.blocks)
        };
        assert_eq!(text, "The text is to be echoed.", "{family}");
        assert_eq!(reply.text(), "one two three four", "{family}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_exception_in_the_stream_is_the_error_and_what_came_stays() {
    for (family, model) in MODELS {
        let fault = Fault::new(FaultKind::ExceptionModelTimeout).at(5);
        let reply = ask(
            server().fault(fault),
            model,
            body(family, model, 200),
            |call| call,
        )
        .await;
        let unfinished = reply.unwrap().collect().await.unwrap_err();
        let ErrorKind::Service(error) = unfinished.error.kind() else {
            panic!("{family}: {}", unfinished.error)
        };
        assert_eq!(error.code(), "ModelTimeoutException");
        assert!(unfinished.error.request_id().is_some(), "{family}");
        assert!(
            unfinished.reply.text().contains("one "),
            "{family}: {:?}",
            unfinished.reply
        );
        assert_eq!(unfinished.reply.stop, None, "{family}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_without_the_mark_is_not_complete() {
    for (family, model) in MODELS {
        let fault = Fault::new(FaultKind::EndEarly).at(3);
        let reply = ask(
            server().fault(fault),
            model,
            body(family, model, 200),
            |call| call,
        )
        .await;
        let mut reply = reply.unwrap();
        while let Ok(Some(_)) = reply.next().await {}
        let Some(Outcome::Incomplete { missing, .. }) = reply.outcome() else {
            panic!(
                "{family}: {:?}",
                reply.outcome().map(|outcome| outcome.name())
            )
        };
        assert_eq!(missing, Missing::Event(family.mark()));
    }
}

/// The cases of `fixtures/invoke`, said by the loopback: guardrails, several answers, what is not known.
#[tokio::test(start_paused = true)]
async fn every_case_goes_through_client_and_server() {
    let mut guardrails = 0;
    for (family, model) in MODELS {
        let path = format!(
            "{}/../../fixtures/invoke/{family}/cases.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        for case in file["cases"].as_array().unwrap() {
            if case.get("exception").is_some() {
                continue;
            }
            let name = &case["name"];
            let script = json!({ "invoke": [{ "chunks": case["chunks"] }] }).to_string();
            let scenario = Scenario::from_json(&script, ".").unwrap();
            let model = case["model"].as_str().unwrap_or(model);
            let reply = ask(server().scenario(scenario), model, "{}", |call| call).await;
            let mut reply = reply.unwrap();
            while let Ok(Some(_)) = reply.next().await {}
            let outcome = reply.outcome().unwrap();
            assert_eq!(outcome.name(), case["outcome"], "{family}/{name}");
            let mut received = serde_json::to_value(outcome.received()).unwrap();
            received.as_object_mut().unwrap().remove("requestId");
            let minted = received.to_string().contains("tooluse_");
            assert!(
                minted || received == case["reply"],
                "{family}/{name}: {received:#}"
            );
            guardrails += usize::from(name == "guardrail");
        }
    }
    assert_eq!(guardrails, 12, "all but Jamba, which reads as OpenAI's do");
}
