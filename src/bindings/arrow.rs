//! Tables as Arrow has them: arrays that are made of the records without any object of Python's.

use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, Int64Builder, LargeStringBuilder, TimestampMicrosecondBuilder};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{ArrayRef, RecordBatch, RecordBatchIterator, StructArray};
use arrow_buffer::NullBuffer;
use arrow_schema::ffi::FFI_ArrowSchema;
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, TimeUnit};
use jiff::Timestamp;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::core::columns::{Cells, Column, Tabular};

const UTC: &str = "UTC";

/// All rows as a stream, which is given back when nobody reads it.
pub fn stream<'py, R: Tabular + Sync>(py: Python<'py>, rows: &[R], spread: bool) -> PyResult<Bound<'py, PyCapsule>> {
    let stream = py.detach(|| {
        let batch = batch(rows, spread)?;
        let schema = batch.schema();
        let reader = RecordBatchIterator::new([Ok(batch)], schema);
        Ok(FFI_ArrowArrayStream::new(Box::new(reader)))
    });
    let stream = stream.map_err(|error: ArrowError| PyValueError::new_err(error.to_string()))?;
    PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
}

/// The names and types of the columns.
pub fn schema<R: Tabular>(py: Python<'_>, spread: bool) -> PyResult<Bound<'_, PyCapsule>> {
    let schema = FFI_ArrowSchema::try_from(Schema::new(fields::<R>(spread)));
    let schema = schema.map_err(|error| PyValueError::new_err(error.to_string()))?;
    PyCapsule::new_with_value(py, schema, c"arrow_schema")
}

fn field<R>(name: impl Into<String>, column: &Column<R>) -> Field {
    let kind = match column.cells {
        Cells::Int(_) => DataType::Int64,
        Cells::Bool(_) => DataType::Boolean,
        // With offsets of 32 bits a long table of long texts would not fit.
        Cells::Text(_) => DataType::LargeUtf8,
        Cells::Time(_) => DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into())),
    };
    Field::new(name, kind, true)
}

fn fields<R: Tabular>(spread: bool) -> Fields {
    let mut fields: Vec<_> = R::COLUMNS.iter().map(|column| field(column.name, column)).collect();
    if let Some(group) = R::GROUP {
        let columns = group.columns.iter();
        if spread {
            fields.extend(columns.map(|column| field(group.spread_name(column), column)));
        } else {
            let inner: Fields = columns.map(|column| field(column.name, column)).collect();
            fields.push(Field::new(group.name, DataType::Struct(inner), true));
        }
    }
    fields.into()
}

fn batch<R: Tabular>(rows: &[R], spread: bool) -> Result<RecordBatch, ArrowError> {
    let fields = fields::<R>(spread);
    let inner = R::GROUP.map(|group| group.columns).unwrap_or_default();
    let mut arrays = arrays(rows, R::COLUMNS.iter().chain(inner));
    if let (Some(group), Some(DataType::Struct(of))) = (R::GROUP, fields.last().map(|field| field.data_type())) {
        let within = arrays.split_off(R::COLUMNS.len());
        let exist: NullBuffer = rows.iter().map(group.exists).collect::<Vec<_>>().into();
        arrays.push(Arc::new(StructArray::try_new(of.clone(), within, Some(exist))?));
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
}

/// So many rows are read for one column after another: fewer than a processor's cache holds.
const AT_A_TIME: usize = 1024;

fn arrays<R: Tabular>(rows: &[R], columns: impl Iterator<Item = &'static Column<R>>) -> Vec<ArrayRef> {
    let mut filling: Vec<_> = columns.map(|column| Filling::new(column, rows.len())).collect();
    for some in rows.chunks(AT_A_TIME) {
        for column in &mut filling {
            column.extend(some);
        }
    }
    filling.iter_mut().map(Filling::finish).collect()
}

/// A column that is being filled.
enum Filling<R: 'static> {
    Int(fn(&R) -> Option<i64>, Int64Builder),
    Bool(fn(&R) -> Option<bool>, BooleanBuilder),
    Text(fn(&R) -> Option<&str>, LargeStringBuilder),
    Time(fn(&R) -> Option<Timestamp>, TimestampMicrosecondBuilder),
}

impl<R> Filling<R> {
    fn new(column: &Column<R>, rows: usize) -> Self {
        match column.cells {
            Cells::Int(read) => Self::Int(read, Int64Builder::with_capacity(rows)),
            Cells::Bool(read) => Self::Bool(read, BooleanBuilder::with_capacity(rows)),
            Cells::Text(read) => Self::Text(read, LargeStringBuilder::with_capacity(rows, rows.saturating_mul(8))),
            Cells::Time(read) => {
                let moments = TimestampMicrosecondBuilder::with_capacity(rows);
                Self::Time(read, moments.with_timezone(UTC))
            }
        }
    }

    fn extend(&mut self, rows: &[R]) {
        match self {
            Self::Int(read, cells) => cells.extend(rows.iter().map(*read)),
            Self::Bool(read, cells) => cells.extend(rows.iter().map(*read)),
            Self::Text(read, cells) => cells.extend(rows.iter().map(*read)),
            Self::Time(read, cells) => cells.extend(rows.iter().map(|row| read(row).and_then(micros))),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Int(_, cells) => Arc::new(cells.finish()),
            Self::Bool(_, cells) => Arc::new(cells.finish()),
            Self::Text(_, cells) => Arc::new(cells.finish()),
            Self::Time(_, cells) => Arc::new(cells.finish()),
        }
    }
}

/// Nanoseconds are cut off downwards, as for Python.
fn micros(at: Timestamp) -> Option<i64> {
    i64::try_from(at.as_nanosecond().div_euclid(1000)).ok()
}
