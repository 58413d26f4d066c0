//! Citations: in a reply, and handed back in the next request.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::number::integral;
use crate::wire::union;

/// Text with the sources that it cites.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CitationsContent {
    /// The text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub content: Vec<CitedText>,
    /// Its sources.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub citations: Vec<Citation>,
}

impl CitationsContent {
    /// Text with its sources.
    #[must_use]
    pub fn new(content: Vec<CitedText>, citations: Vec<Citation>) -> Self {
        Self { content, citations }
    }
}

union! {
    /// A piece of text that stands in a citation or is supported by one.
    CitedText {
        /// Text.
        Text(String) = "text",
    }
}

/// One source of a text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Citation {
    /// The source's title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where the source is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What of the source is cited.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub source_content: Vec<CitedText>,
    /// Where in the source it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<CitationLocation>,
    /// Members that this version does not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

union! {
    /// Where in a source a cited text stands.
    CitationLocation {
        /// On a web page.
        Web(WebLocation) = "web",
        /// In a document, counted in characters.
        DocumentChar(DocumentLocation) = "documentChar",
        /// In a document, counted in pages.
        DocumentPage(DocumentLocation) = "documentPage",
        /// In a document, counted in chunks.
        DocumentChunk(DocumentLocation) = "documentChunk",
        /// In a search result.
        SearchResult(SearchResultLocation) = "searchResultLocation",
    }
}

/// A web page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WebLocation {
    /// The page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Members that this version does not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A span of one of the request's documents; its unit is the location's (characters, pages, chunks).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DocumentLocation {
    /// Which of the documents, from 0.
    #[serde(
        default,
        deserialize_with = "integral",
        skip_serializing_if = "Option::is_none"
    )]
    pub document_index: Option<u64>,
    /// Start of the span.
    #[serde(
        default,
        deserialize_with = "integral",
        skip_serializing_if = "Option::is_none"
    )]
    pub start: Option<u64>,
    /// End of the span.
    #[serde(
        default,
        deserialize_with = "integral",
        skip_serializing_if = "Option::is_none"
    )]
    pub end: Option<u64>,
    /// Members that this version does not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A span of one of the request's search results, counted in chunks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SearchResultLocation {
    /// Which of the search results, from 0.
    #[serde(
        default,
        deserialize_with = "integral",
        skip_serializing_if = "Option::is_none"
    )]
    pub search_result_index: Option<u64>,
    /// First chunk.
    #[serde(
        default,
        deserialize_with = "integral",
        skip_serializing_if = "Option::is_none"
    )]
    pub start: Option<u64>,
    /// Last chunk.
    #[serde(
        default,
        deserialize_with = "integral",
        skip_serializing_if = "Option::is_none"
    )]
    pub end: Option<u64>,
    /// Members that this version does not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}
