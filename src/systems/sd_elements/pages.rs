//! Lists, page by page, in every form the releases have: unpaged, counted pages, cursor pages, a bare array.

use std::collections::HashSet;
use std::marker::PhantomData;
use std::sync::Arc;

use http::Method;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::session::SdElements;
use crate::core::answer::Answer;
use crate::core::elements::Sink;
use crate::core::error::{Error, Kind};
use crate::core::lenient::LossyText;
use crate::core::request::{Backend, Request};
use crate::core::retry::Effect;
use crate::core::scan::{Scan, Stop};
use crate::core::target::Target;
use crate::core::transport::Call;

/// A record that lists are made of.
pub trait Item: Sized + Send + Sync + 'static {
    /// What the reading of one list remembers.
    type Known: Default + Send;

    /// Reads the next value, None if it is no such record. `kind` is the list's, None for the list of all kinds.
    fn read(scan: &mut Scan<'_>, kind: Option<&str>, known: &mut Self::Known) -> Result<Option<Self>, Stop>;
}

/// What of a list could be read.
pub(crate) struct Items<T: Item> {
    kind: Option<Arc<str>>,
    known: T::Known,
    items: Vec<T>,
    lost: usize,
}

impl<T: Item> Items<T> {
    pub(crate) fn new(kind: Option<Arc<str>>) -> Self {
        Self {
            kind,
            known: T::Known::default(),
            items: Vec::new(),
            lost: 0,
        }
    }
}

impl<T: Item> Sink for Items<T> {
    fn take(&mut self, scan: &mut Scan<'_>) -> Result<(), Stop> {
        match T::read(scan, self.kind.as_deref(), &mut self.known)? {
            Some(item) => self.items.push(item),
            None => self.lost += 1,
        }
        Ok(())
    }
}

/// A place in a list; nothing is fetched before the first page is asked for.
pub struct PageCursor<T> {
    operation: String,
    path: Target,
    kind: Option<Arc<str>>,
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
    pub(crate) fn new(operation: String, path: Target, first: Target, kind: Option<&str>, limit: Option<u64>) -> Self {
        let query = first.sent().split_once('?').map(|(_, query)| query.to_owned());
        Self {
            operation,
            path,
            kind: kind.map(Arc::from),
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
        let kind = self.kind.clone();
        let request = request.with_elements(Arc::new(move || Box::new(Items::<T>::new(kind.clone()))));
        let mut answer = match client.send(call, request).await {
            Ok(answer) => answer,
            Err(error) if self.is_past_the_end(&error) => {
                self.next = Next::End;
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let taken = answer.take_elements();
        let mut page: Page = answer.json()?;
        let link = page.next.take();
        let mut items = self.accept(taken, page, &answer, call)?;
        if let Some(left) = &mut self.left {
            items.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= items.len() as u64;
        }
        self.next = link.map_or(Next::End, |link| self.follow(&link, &answer));
        Ok(Some(items))
    }

    /// One odd record never loses the list, but a list that begins with nothing else is not this one. `taken` are the
    /// elements that do not stand in the page any more.
    pub(crate) fn accept(
        &self,
        taken: Option<Items<T>>,
        page: Page,
        answer: &Answer,
        call: &Call,
    ) -> Result<Vec<T>, Error> {
        let Some(records) = page.results else {
            return Err(answer.unexpected("the answer is JSON, but not a list: it has no results"));
        };
        // Of two lists the last one counts.
        let taken = taken.filter(|_| page.lists == 1);
        let mut read = taken.unwrap_or_else(|| Items::new(self.kind.clone()));
        for raw in &records {
            if read.take(&mut Scan::new(raw.get(), 0)).is_err() {
                read.lost += 1;
            }
        }
        let Items { items, lost, .. } = read;
        if lost > 0 {
            if items.is_empty() && self.seen.len() == 1 {
                return Err(answer.unexpected("the answer is a list, but nothing in it can be read"));
            }
            let total = items.len() + lost;
            call.warn(
                answer,
                format!("{lost} of {total} records could not be read and were left out"),
            );
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

/// A list in any of its forms, its elements as they came.
pub(crate) struct Page {
    results: Option<Vec<Box<RawValue>>>,
    lists: usize,
    pub(crate) next: Option<String>,
}

impl<'de> Deserialize<'de> for Page {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PageVisitor;

        impl<'de> Visitor<'de> for PageVisitor {
            type Value = Page;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Page, A::Error> {
                let mut results = Vec::new();
                while let Some(raw) = seq.next_element()? {
                    results.push(raw);
                }
                Ok(Page {
                    results: Some(results),
                    lists: 1,
                    next: None,
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Page, A::Error> {
                let mut page = Page {
                    results: None,
                    lists: 0,
                    next: None,
                };
                while let Some(LossyText(key)) = map.next_key()? {
                    match &*key {
                        "results" => {
                            page.results = Some(map.next_value()?);
                            page.lists += 1;
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

        deserializer.deserialize_any(PageVisitor)
    }
}
