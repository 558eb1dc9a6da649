//! Records as rows of a table: typed columns, read from the record itself. What is free JSON has no column, and so no secret
//! has one.

use jiff::Timestamp;

/// How the cells of a column are read; its type is that of the cells. Any cell may be empty.
pub enum Cells<R: 'static> {
    /// Whole numbers.
    Int(fn(&R) -> Option<i64>),
    /// true or false.
    Bool(fn(&R) -> Option<bool>),
    /// Texts.
    Text(fn(&R) -> Option<&str>),
    /// Moments.
    Time(fn(&R) -> Option<Timestamp>),
}

/// One column.
pub struct Column<R: 'static> {
    /// Its name, within a group that of the field alone.
    pub name: &'static str,
    /// Its cells.
    pub cells: Cells<R>,
}

/// Columns that tell of another record within.
pub struct Group<R: 'static> {
    /// The name of the field that holds it.
    pub name: &'static str,
    /// Whether it is there.
    pub exists: fn(&R) -> bool,
    /// Its columns.
    pub columns: &'static [Column<R>],
}

/// A record that tables are made of.
pub trait Tabular: Sized + 'static {
    /// The columns of its own.
    const COLUMNS: &'static [Column<Self>];
    /// Those of the record within; they stand behind the others.
    const GROUP: Option<Group<Self>> = None;
}

impl<R> Group<R> {
    /// The name of a column where the group is spread over columns of the table.
    pub fn spread_name(&self, column: &Column<R>) -> String {
        format!("{}_{}", self.name, column.name)
    }
}

/// A column of whole numbers.
pub const fn int<R>(name: &'static str, read: fn(&R) -> Option<i64>) -> Column<R> {
    let cells = Cells::Int(read);
    Column { name, cells }
}

/// A column of true and false.
pub const fn flag<R>(name: &'static str, read: fn(&R) -> Option<bool>) -> Column<R> {
    let cells = Cells::Bool(read);
    Column { name, cells }
}

/// A column of texts.
pub const fn text<R>(name: &'static str, read: fn(&R) -> Option<&str>) -> Column<R> {
    let cells = Cells::Text(read);
    Column { name, cells }
}

/// A column of moments.
pub const fn time<R>(name: &'static str, read: fn(&R) -> Option<Timestamp>) -> Column<R> {
    let cells = Cells::Time(read);
    Column { name, cells }
}
