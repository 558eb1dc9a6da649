//! What goes into a review update: changes and their items.

use jiff::civil::Date;
use pyo3::prelude::*;

use super::argument::Given;
use super::errors::refused;
use super::python_code::PythonCode;
use super::review_input::{Refusal, read_account, read_item};
use crate::systems::governance_lifecycle::{
    ApplicationRole, Entitlement, GlobalRole, Group, ReviewItemChange, RevieweeAccount, check_day,
};
use crate::{named, record_methods};

record_methods!(Entitlement {
    #[new]
    fn py_new(
        py: Python<'_>,
        resource: Given<String>,
        action: Given<String>,
        business_source: Given<String>,
    ) -> PyResult<Self> {
        named!(py; resource, action, business_source);
        Ok(Self {
            resource,
            action,
            business_source,
        })
    }
});

record_methods!(ApplicationRole {
    #[new]
    fn py_new(py: Python<'_>, name: Given<String>, business_source: Given<String>) -> PyResult<Self> {
        named!(py; name, business_source);
        Ok(Self { name, business_source })
    }
});

record_methods!(Group {
    #[new]
    fn py_new(py: Python<'_>, name: Given<String>, business_source: Given<String>) -> PyResult<Self> {
        named!(py; name, business_source);
        Ok(Self { name, business_source })
    }
});

record_methods!(GlobalRole {
    #[new]
    fn py_new(py: Python<'_>, name: Given<String>, role_set: Given<String>) -> PyResult<Self> {
        named!(py; name, role_set);
        Ok(Self { name, role_set })
    }
});

record_methods!(RevieweeAccount {
    #[new]
    fn py_new(py: Python<'_>, name: Given<String>, business_source: Given<String>) -> PyResult<Self> {
        named!(py; name, business_source);
        Ok(Self { name, business_source })
    }
});

record_methods!(ReviewItemChange {
    #[new]
    #[pyo3(signature = (state, reviewee, item, *, account = None, comments = None, expires_on = None))]
    fn py_new(
        py: Python<'_>,
        state: Given<String>,
        reviewee: Given<String>,
        item: &Bound<'_, PyAny>,
        account: Option<&Bound<'_, PyAny>>,
        comments: Option<Given<String>>,
        expires_on: Option<Given<Date>>,
    ) -> PyResult<Self> {
        named!(py; state, reviewee, comments, expires_on);
        let read = || {
            let account = account.map(|account| read_account("account", account)).transpose()?;
            Ok::<_, Refusal>((read_item("item", item)?, account.flatten()))
        };
        let (item, account) = read().map_err(|refusal| refusal.into_python(py))?;
        expires_on.map_or(Ok(()), check_day).map_err(|error| refused(py, error))?;
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
    #[pyo3(
        signature = (path, *, encoding = Given::of("utf-8-sig".to_owned()), delimiter = None, columns = None),
        text_signature = "(path, *, encoding='utf-8-sig', delimiter=None, columns=None)"
    )]
    fn from_csv<'py>(
        path: &Bound<'py, PyAny>,
        encoding: Given<String>,
        delimiter: Option<Given<String>>,
        columns: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        named!(path.py(); encoding, delimiter);
        let read = path.py().import("infosecops._csv_rows")?.getattr("changes")?;
        read.run((path, encoding, delimiter, columns), None)
    }
});
