//! Lists, page by page, in every form the releases have: unpaged, counted pages, cursor pages, a bare array.

use std::collections::HashSet;
use std::marker::PhantomData;

use http::Method;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::session::SdElements;
use crate::core::answer::Answer;
use crate::core::error::{Error, Kind};
use crate::core::request::{Backend, Request};
use crate::core::retry::Effect;
use crate::core::target::Target;
use crate::core::transport::Call;

/// A record that lists are made of.
pub trait Item: for<'de> Deserialize<'de> + Send + Sync + 'static {
    /// Fills in what can't be read field by field. `kind` is the list's, None for the list of all kinds.
    fn settle(&mut self, kind: Option<&str>);
}

/// A place in a list; nothing is fetched before the first page is asked for.
pub struct PageCursor<T> {
    operation: String,
    path: Target,
    kind: Option<String>,
    next: Next,
    seen: HashSet<String>,
    left: Option<u64>,
    of: PhantomData<fn() -> T>,
}

pub(crate) enum Next {
    Page(Target),
    Wrong(Error),
    End,
}

impl<T: Item> PageCursor<T> {
    /// `path` is the list's own address and `first` the same with its query.
    pub(crate) fn new(
        operation: String,
        path: Target,
        first: Target,
        kind: Option<String>,
        limit: Option<u64>,
    ) -> Self {
        let query = first.sent().split_once('?').map(|(_, query)| query.to_owned());
        Self {
            operation,
            path,
            kind,
            next: Next::Page(first),
            seen: HashSet::from([query.unwrap_or_default()]),
            left: limit,
            of: PhantomData,
        }
    }

    /// The public name of the operation.
    pub fn operation(&self) -> &str {
        &self.operation
    }

    /// The next page, None behind the last. After a request that failed, the same page can be asked for again.
    pub async fn next(&mut self, client: &SdElements, call: &Call) -> Result<Option<Vec<T>>, Error> {
        if self.left == Some(0) {
            self.next = Next::End;
        }
        let target = match &self.next {
            Next::Page(target) => target.clone(),
            Next::End => return Ok(None),
            Next::Wrong(error) => {
                let error = error.clone();
                self.next = Next::End;
                return Err(error);
            }
        };
        let request = Request::new(self.operation.clone(), Method::GET, target, Effect::Read).with_secret_answer();
        let answer = match client.send(call, request).await {
            Ok(answer) => answer,
            Err(error) if self.is_past_the_end(&error) => {
                self.next = Next::End;
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let mut page: Page<T> = answer.json()?;
        let link = page.next.take();
        let mut items = self.accept(page, &answer, call)?;
        if let Some(left) = &mut self.left {
            items.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= items.len() as u64;
        }
        self.next = link.map_or(Next::End, |link| self.follow(&link, &answer));
        Ok(Some(items))
    }

    /// One odd record never loses the list, but a list that begins with nothing else is not this one.
    pub(crate) fn accept(&self, page: Page<T>, answer: &Answer, call: &Call) -> Result<Vec<T>, Error> {
        let Some(records) = page.results else {
            return Err(answer.unexpected("the answer is JSON, but not a list: it has no results"));
        };
        let total = records.len();
        let mut items: Vec<T> = records.into_iter().flatten().collect();
        if items.len() < total {
            if items.is_empty() && self.seen.len() == 1 {
                return Err(answer.unexpected("the answer is a list, but nothing in it can be read"));
            }
            let lost = total - items.len();
            call.warn(
                answer,
                format!("{lost} of {total} records could not be read and were left out"),
            );
        }
        for item in &mut items {
            item.settle(self.kind.as_deref());
        }
        Ok(items)
    }

    /// Only the query of a link is followed, on our own path: the server writes whatever it takes for its own address,
    /// and the token must not go anywhere else.
    pub(crate) fn follow(&mut self, link: &str, answer: &Answer) -> Next {
        let query = link.split_once('?').map(|(_, query)| query);
        let query = query.and_then(|query| query.split('#').next()).unwrap_or_default();
        if query.is_empty() || !self.seen.insert(query.to_owned()) {
            return Next::Wrong(answer.unexpected("the server's pages go round in a circle"));
        }
        Next::Page(self.path.clone().raw_query(query))
    }

    /// Inferred: rows that vanish while a list is read take its last page away.
    fn is_past_the_end(&self, error: &Error) -> bool {
        self.seen.len() > 1 && error.kind() == Kind::NotFound && error.message().contains("Invalid page")
    }
}

/// A list in any of its forms; records that can't be read are None.
pub(crate) struct Page<T> {
    results: Option<Vec<Option<T>>>,
    pub(crate) next: Option<String>,
}

impl<'de, T: Item> Deserialize<'de> for Page<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PageVisitor<T>(PhantomData<T>);

        impl<'de, T: Item> Visitor<'de> for PageVisitor<T> {
            type Value = Page<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Page<T>, A::Error> {
                let mut results = Vec::new();
                while let Some(raw) = seq.next_element::<&'de RawValue>()? {
                    results.push(serde_json::from_str(raw.get()).ok());
                }
                Ok(Page {
                    results: Some(results),
                    next: None,
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Page<T>, A::Error> {
                let mut page = Page {
                    results: None,
                    next: None,
                };
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "results" => {
                            let raws: Vec<&'de RawValue> = map.next_value()?;
                            page.results = Some(raws.iter().map(|raw| serde_json::from_str(raw.get()).ok()).collect());
                        }
                        "next" => {
                            let next: Option<String> = map.next_value()?;
                            page.next = next.filter(|next| !next.is_empty());
                        }
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(page)
            }
        }

        deserializer.deserialize_any(PageVisitor(PhantomData))
    }
}
