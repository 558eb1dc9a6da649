//! One change to one item of a review, as the caller states it.
//!
//! <https://pradeepkg.github.io/RSA/docs/review/updateReviewItems>

use jiff::civil::Date;

use crate::core::record::{Record, View};
use crate::core::stored::Stored;

/// An entitlement: an action on a resource.
#[cfg_attr(feature = "python", pyo3::pyclass(frozen, get_all, module = "infosecops"))]
#[derive(Clone, Debug, PartialEq)]
pub struct Entitlement {
    /// The resource's name.
    pub resource: String,
    /// The action's name; `-` for an entitlement without one.
    pub action: String,
    /// The raw name of the business source.
    pub business_source: String,
}

/// A role of an application.
#[cfg_attr(feature = "python", pyo3::pyclass(frozen, get_all, module = "infosecops"))]
#[derive(Clone, Debug, PartialEq)]
pub struct ApplicationRole {
    /// Its name.
    pub name: String,
    /// The raw name of the business source.
    pub business_source: String,
}

/// A group.
#[cfg_attr(feature = "python", pyo3::pyclass(frozen, get_all, module = "infosecops"))]
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// The raw name of the business source.
    pub business_source: String,
}

/// A global role.
#[cfg_attr(feature = "python", pyo3::pyclass(frozen, get_all, module = "infosecops"))]
#[derive(Clone, Debug, PartialEq)]
pub struct GlobalRole {
    /// Its name.
    pub name: String,
    /// The raw name of the role set.
    pub role_set: String,
}

/// The account through which the reviewed person has the item; needed when there are several.
#[cfg_attr(feature = "python", pyo3::pyclass(frozen, get_all, module = "infosecops"))]
#[derive(Clone, Debug, PartialEq)]
pub struct RevieweeAccount {
    /// The account's name.
    pub name: String,
    /// The raw name of the application.
    pub business_source: String,
}

/// What is reviewed.
#[cfg_attr(feature = "python", derive(pyo3::IntoPyObject))]
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// An entitlement.
    Entitlement(Entitlement),
    /// An application role.
    ApplicationRole(ApplicationRole),
    /// A group.
    Group(Group),
    /// A global role.
    GlobalRole(GlobalRole),
}

/// A new state for one item of one person.
#[cfg_attr(feature = "python", pyo3::pyclass(frozen, get_all, module = "infosecops"))]
#[derive(Clone, Debug, PartialEq)]
pub struct ReviewItemChange {
    /// `revoke`, `maintain`, `none` or a custom state of the review.
    pub state: String,
    /// User id of the person who is reviewed.
    pub reviewee: String,
    /// What is reviewed.
    pub item: Item,
    /// The account, where the person has the item through several.
    pub account: Option<RevieweeAccount>,
    /// A comment for the item.
    pub comments: Option<String>,
    /// When a maintained item is to be revoked by the system.
    pub expires_on: Option<Date>,
}

crate::fields!(Entitlement {
    resource,
    action,
    business_source
});

crate::fields!(ApplicationRole { name, business_source });

crate::fields!(Group { name, business_source });

crate::fields!(GlobalRole { name, role_set });

crate::fields!(RevieweeAccount { name, business_source });

impl Item {
    /// The word for it in plain data.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Entitlement(_) => "entitlement",
            Self::ApplicationRole(_) => "application_role",
            Self::Group(_) => "group",
            Self::GlobalRole(_) => "global_role",
        }
    }

    /// Its name for people.
    pub(super) fn label(&self) -> String {
        match self {
            Self::Entitlement(item) if item.action == "-" => item.resource.clone(),
            Self::Entitlement(item) => format!("{} [{}]", item.resource, item.action),
            Self::ApplicationRole(item) => item.name.clone(),
            Self::Group(item) => item.name.clone(),
            Self::GlobalRole(item) => item.name.clone(),
        }
    }
}

impl Record for Item {
    fn class_name(&self) -> &'static str {
        "Item"
    }

    fn fields(&self) -> Vec<(&'static str, View<'_>)> {
        let inner = match self {
            Self::Entitlement(item) => item.fields(),
            Self::ApplicationRole(item) => item.fields(),
            Self::Group(item) => item.fields(),
            Self::GlobalRole(item) => item.fields(),
        };
        std::iter::once(("kind", View::Text(self.kind())))
            .chain(inner)
            .collect()
    }

    fn restore(stored: &Stored<'_>) -> Option<Self> {
        match stored.get::<String>("kind")?.as_str() {
            "entitlement" => Entitlement::restore(stored).map(Self::Entitlement),
            "application_role" => ApplicationRole::restore(stored).map(Self::ApplicationRole),
            "group" => Group::restore(stored).map(Self::Group),
            "global_role" => GlobalRole::restore(stored).map(Self::GlobalRole),
            _ => None,
        }
    }
}

impl ReviewItemChange {
    /// Whom and what it is about, spelled like the labels of the server's answers.
    pub(super) fn label(&self) -> String {
        format!("{}-{}", self.reviewee, self.item.label())
    }
}

crate::fields!(ReviewItemChange {
    state,
    reviewee,
    item,
    account,
    comments,
    expires_on
});
