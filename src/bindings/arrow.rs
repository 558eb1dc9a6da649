//! Tables as Arrow has them: arrays that are made of the records without any object of Python's.

use std::sync::Arc;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{
    ArrayRef, BooleanArray, Int64Array, LargeStringArray, RecordBatch, RecordBatchIterator, StructArray,
    TimestampMicrosecondArray,
};
use arrow_buffer::NullBuffer;
use arrow_schema::ffi::FFI_ArrowSchema;
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, TimeUnit};
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
    let mut arrays: Vec<_> = R::COLUMNS.iter().map(|column| array(rows, column)).collect();
    if let Some(group) = R::GROUP {
        let inner = group.columns.iter().map(|column| array(rows, column));
        match fields.last().map(|field| field.data_type()) {
            Some(DataType::Struct(of)) if !spread => {
                let exist: NullBuffer = rows.iter().map(group.exists).collect::<Vec<_>>().into();
                let group = StructArray::try_new(of.clone(), inner.collect(), Some(exist))?;
                arrays.push(Arc::new(group));
            }
            _ => arrays.extend(inner),
        }
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
}

fn array<R>(rows: &[R], column: &Column<R>) -> ArrayRef {
    match column.cells {
        Cells::Int(read) => Arc::new(rows.iter().map(read).collect::<Int64Array>()),
        Cells::Bool(read) => Arc::new(rows.iter().map(read).collect::<BooleanArray>()),
        Cells::Text(read) => Arc::new(rows.iter().map(read).collect::<LargeStringArray>()),
        Cells::Time(read) => {
            // Nanoseconds are cut off downwards, as for Python.
            let micros = |row| read(row).and_then(|at| i64::try_from(at.as_nanosecond().div_euclid(1000)).ok());
            let moments: TimestampMicrosecondArray = rows.iter().map(micros).collect();
            Arc::new(moments.with_timezone(UTC))
        }
    }
}
