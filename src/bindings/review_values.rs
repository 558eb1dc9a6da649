//! What goes into a review update: changes and their items.

use jiff::civil::Date;
use pyo3::prelude::*;

use super::review_input::{Refusal, read_account, read_item};
use crate::record_methods;
use crate::systems::governance_lifecycle::{
    ApplicationRole, Entitlement, GlobalRole, Group, ReviewItemChange, RevieweeAccount,
};

record_methods!(Entitlement {
    #[new]
    fn py_new(resource: String, action: String, business_source: String) -> Self {
        Self {
            resource,
            action,
            business_source,
        }
    }
});

record_methods!(ApplicationRole {
    #[new]
    fn py_new(name: String, business_source: String) -> Self {
        Self { name, business_source }
    }
});

record_methods!(Group {
    #[new]
    fn py_new(name: String, business_source: String) -> Self {
        Self { name, business_source }
    }
});

record_methods!(GlobalRole {
    #[new]
    fn py_new(name: String, role_set: String) -> Self {
        Self { name, role_set }
    }
});

record_methods!(RevieweeAccount {
    #[new]
    fn py_new(name: String, business_source: String) -> Self {
        Self { name, business_source }
    }
});

record_methods!(ReviewItemChange {
    #[new]
    #[pyo3(signature = (state, reviewee, item, *, account = None, comments = None, expires_on = None))]
    fn py_new(
        state: String,
        reviewee: String,
        item: &Bound<'_, PyAny>,
        account: Option<&Bound<'_, PyAny>>,
        comments: Option<String>,
        expires_on: Option<Date>,
    ) -> PyResult<Self> {
        let read = || {
            let account = account.map(read_account).transpose()?.flatten();
            Ok::<_, Refusal>((read_item(item)?, account))
        };
        let (item, account) = read().map_err(|refusal| refusal.into_python(item.py()))?;
        Ok(Self {
            state,
            reviewee,
            item,
            account,
            comments,
            expires_on,
        })
    }

    /// The changes of a file of comma or semicolon separated values, one a row.
    ///
    /// All rows are read and checked once, and read again each time the result is gone through, so that a file of any
    /// size takes little memory. Columns, in any order: `state`, `reviewee`, `kind` (entitlement, application_role, group
    /// or global_role), `name`, `business_source`, `resource`, `action`, `role_set`, `account_name`,
    /// `account_business_source`, `comments`, `expires_on` (2030-12-31). An empty cell says nothing.
    ///
    /// Args:
    ///     path: The file.
    ///     encoding: Of the file, by Python's name for it; Excel's older files are in `cp1252`.
    ///     delimiter: What separates the cells; by default what separates the names in the first row: comma, semicolon,
    ///         tab or `|`.
    ///     columns: Our name for a name in the first row, None for a column to leave out.
    ///
    /// Raises:
    ///     ConfigError: Rows can't be used; the text names line and column of each.
    #[staticmethod]
    #[pyo3(signature = (path, *, encoding = "utf-8-sig", delimiter = None, columns = None))]
    fn from_csv<'py>(
        path: &Bound<'py, PyAny>,
        encoding: &str,
        delimiter: Option<&str>,
        columns: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let read = path.py().import("infosecops._csv_rows")?.getattr("changes")?;
        read.call1((path, encoding, delimiter, columns))
    }
});
