//! Claude's citations as Converse has them; what Converse has no place for stays under its own name.

use serde_json::{Map, Value};

use super::fields::Fields;
use crate::request::citation::{
    Citation, CitationLocation, CitedText, DocumentLocation, SearchResultLocation, WebLocation,
};

/// A citation by its `type`: where in a document, on which web page, in which search result.
pub(super) fn read_citation(mut from: Fields<'_>) -> Citation {
    let mut citation = Citation {
        source_content: from
            .word("cited_text")
            .map(CitedText::Text)
            .into_iter()
            .collect(),
        ..Citation::default()
    };
    let kind = from.word("type").unwrap_or_default();
    citation.location = match kind.as_str() {
        "char_location" => Some(CitationLocation::DocumentChar(span(
            &mut from,
            "start_char_index",
            "end_char_index",
        ))),
        "page_location" => Some(CitationLocation::DocumentPage(span(
            &mut from,
            "start_page_number",
            "end_page_number",
        ))),
        "content_block_location" => Some(CitationLocation::DocumentChunk(span(
            &mut from,
            "start_block_index",
            "end_block_index",
        ))),
        "web_search_result_location" => Some(CitationLocation::Web(WebLocation {
            url: from.word("url"),
            ..WebLocation::default()
        })),
        "search_result_location" => Some(CitationLocation::SearchResult(SearchResultLocation {
            search_result_index: from.count("search_result_index"),
            start: from.count("start_block_index"),
            end: from.count("end_block_index"),
            ..SearchResultLocation::default()
        })),
        _ => {
            from.put_back("type", &kind);
            None
        }
    };
    citation.title = from.word("document_title").or_else(|| from.word("title"));
    citation.source = from.word("source");
    citation.other = members(from);
    citation
}

fn span(from: &mut Fields<'_>, start: &str, end: &str) -> DocumentLocation {
    DocumentLocation {
        document_index: from.count("document_index"),
        start: from.count(start),
        end: from.count(end),
        ..DocumentLocation::default()
    }
}

fn members(rest: Fields<'_>) -> Map<String, Value> {
    let rest = rest.into_rest();
    rest.iter()
        .map(|(name, value)| (name.to_owned(), value.to_value()))
        .collect()
}
