//! A change taken apart into its texts, each in a column of its own, in the order in which the document has them.

use jiff::civil::Date;

use super::change::{ApplicationRole, Entitlement, GlobalRole, Group, Item, ReviewItemChange, RevieweeAccount};

/// What is reviewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An entitlement.
    Entitlement,
    /// An application role.
    ApplicationRole,
    /// A group.
    Group,
    /// A global role.
    GlobalRole,
}

/// The texts of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// `state`.
    State,
    /// `comments`.
    Comments,
    /// `reviewee`.
    Reviewee,
    /// `account.name`.
    AccountName,
    /// `account.business_source`.
    AccountSource,
    /// The resource of an entitlement.
    Resource,
    /// The name of any other item.
    ItemName,
    /// The action of an entitlement.
    ItemAction,
    /// The role set of a global role; the business source of any other item.
    ItemSource,
}

/// One of something for each column.
#[derive(Clone, Copy, Debug, Default)]
pub struct Columns<T>([T; 9]);

/// A change whose texts stand elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'t> {
    /// What its item is.
    pub kind: Kind,
    /// Its texts; which there are depends on the kind and on what is given.
    pub texts: Columns<Option<&'t str>>,
    /// When a maintained item is to be revoked by the system.
    pub expires_on: Option<Date>,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Entitlement, Self::ApplicationRole, Self::Group, Self::GlobalRole];
}

impl Column {
    /// All of them, in the order of the document.
    pub const ALL: [Self; 9] = [
        Self::State,
        Self::Comments,
        Self::Reviewee,
        Self::AccountName,
        Self::AccountSource,
        Self::Resource,
        Self::ItemName,
        Self::ItemAction,
        Self::ItemSource,
    ];
}

impl<T> Columns<T> {
    /// That of a column.
    pub fn of(&self, column: Column) -> &T {
        let [first, ..] = &self.0;
        self.0.get(column as usize).unwrap_or(first)
    }

    /// The same, to be changed.
    pub fn of_mut(&mut self, column: Column) -> &mut T {
        let [first, others @ ..] = &mut self.0;
        match (column as usize).checked_sub(1) {
            None => first,
            Some(place) => others.get_mut(place).unwrap_or(first),
        }
    }

    /// All of them.
    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut()
    }
}

impl<'t> Parts<'t> {
    /// A change with what every one has; `item` are its texts in the order of the document.
    pub const fn new(state: &'t str, reviewee: &'t str, kind: Kind, item: [Option<&'t str>; 3]) -> Self {
        let [name, action, source] = item;
        let (resource, name) = match kind {
            Kind::Entitlement => (name, None),
            _ => (None, name),
        };
        let texts = [
            Some(state),
            None,
            Some(reviewee),
            None,
            None,
            resource,
            name,
            action,
            source,
        ];
        Self {
            kind,
            texts: Columns(texts),
            expires_on: None,
        }
    }

    /// The same with what some have.
    #[must_use]
    pub fn with(
        mut self,
        account: Option<(&'t str, &'t str)>,
        comments: Option<&'t str>,
        expires_on: Option<Date>,
    ) -> Self {
        if let Some((name, source)) = account {
            *self.texts.of_mut(Column::AccountName) = Some(name);
            *self.texts.of_mut(Column::AccountSource) = Some(source);
        }
        *self.texts.of_mut(Column::Comments) = comments;
        self.expires_on = expires_on;
        self
    }
}

impl Item {
    /// Its kind and its texts, in the order of the document.
    pub fn parts(&self) -> (Kind, [Option<&str>; 3]) {
        match self {
            Self::Entitlement(item) => (
                Kind::Entitlement,
                [Some(&item.resource), Some(&item.action), Some(&item.business_source)],
            ),
            Self::ApplicationRole(item) => (
                Kind::ApplicationRole,
                [Some(&item.name), None, Some(&item.business_source)],
            ),
            Self::Group(item) => (Kind::Group, [Some(&item.name), None, Some(&item.business_source)]),
            Self::GlobalRole(item) => (Kind::GlobalRole, [Some(&item.name), None, Some(&item.role_set)]),
        }
    }

    /// An item of its kind and texts; None if one of them is missing.
    pub fn of_parts(kind: Kind, texts: [Option<String>; 3]) -> Option<Self> {
        let [name, action, source] = texts;
        let (name, source) = (name?, source?);
        Some(match kind {
            Kind::Entitlement => Self::Entitlement(Entitlement {
                resource: name,
                action: action?,
                business_source: source,
            }),
            Kind::ApplicationRole => Self::ApplicationRole(ApplicationRole {
                name,
                business_source: source,
            }),
            Kind::Group => Self::Group(Group {
                name,
                business_source: source,
            }),
            Kind::GlobalRole => Self::GlobalRole(GlobalRole { name, role_set: source }),
        })
    }
}

impl<'t> From<&'t ReviewItemChange> for Parts<'t> {
    fn from(change: &'t ReviewItemChange) -> Self {
        let account = change.account.as_ref();
        let account = account.map(|account| (account.name.as_str(), account.business_source.as_str()));
        let (kind, item) = change.item.parts();
        Self::new(&change.state, &change.reviewee, kind, item).with(
            account,
            change.comments.as_deref(),
            change.expires_on,
        )
    }
}

/// A change put together again; None if something is missing.
pub fn put_together(
    kind: Kind,
    mut texts: Columns<Option<String>>,
    expires_on: Option<Date>,
) -> Option<ReviewItemChange> {
    let mut text = |column| texts.of_mut(column).take();
    let name = text(Column::Resource).or_else(|| text(Column::ItemName));
    let item = Item::of_parts(kind, [name, text(Column::ItemAction), text(Column::ItemSource)])?;
    let account = match (text(Column::AccountName), text(Column::AccountSource)) {
        (Some(name), Some(business_source)) => Some(RevieweeAccount { name, business_source }),
        _ => None,
    };
    Some(ReviewItemChange {
        state: text(Column::State)?,
        reviewee: text(Column::Reviewee)?,
        item,
        account,
        comments: text(Column::Comments),
        expires_on,
    })
}
