//! Records: typed fields read leniently, unknown fields kept, and one plain-data view that the bindings print, compare
//! and turn into dictionaries.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use serde_json::value::RawValue;

use super::lenient;
use super::redact::is_secret_name;
use super::secret::Secret;
use super::stored::{Stored, compact, pairs};

/// Any JSON value, kept as it came.
#[derive(Clone)]
pub struct Json(pub Box<RawValue>);

/// The fields of an answer that this version does not know, in the order they came.
#[derive(Clone, Default)]
pub struct Extra(pub Vec<(String, Box<RawValue>)>);

/// An open map in which some values are secrets, told by their keys.
#[derive(Clone)]
pub struct Params(pub Box<RawValue>);

impl std::fmt::Debug for Json {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Json(****)")
    }
}

impl std::fmt::Debug for Extra {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(key, _)| key)).finish()
    }
}

impl std::fmt::Debug for Params {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Params(****)")
    }
}

impl Params {
    /// Whether the value of this key is a secret.
    pub fn hides(key: &str) -> bool {
        is_secret_name(key)
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        same_json(&self.0, &other.0)
    }
}

/// Whether two texts say the same: white space and the order of keys do not count.
fn same_json(one: &RawValue, other: &RawValue) -> bool {
    let value = |raw: &RawValue| serde_json::from_str::<serde_json::Value>(raw.get()).ok();
    one.get() == other.get()
        || match (value(one), value(other)) {
            (Some(one), Some(other)) => one == other,
            // Half of a surrogate pair, or a number that no float holds.
            (None, None) => compact(one) == compact(other),
            _ => false,
        }
}

impl PartialEq for Params {
    fn eq(&self, other: &Self) -> bool {
        same_json(&self.0, &other.0)
    }
}

impl PartialEq for Extra {
    fn eq(&self, other: &Self) -> bool {
        let mut pairs = self.0.iter().zip(&other.0);
        self.0.len() == other.0.len() && pairs.all(|(one, other)| one.0 == other.0 && same_json(&one.1, &other.1))
    }
}

/// One field as plain data.
pub enum View<'r> {
    /// Absent.
    None,
    /// true or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any number.
    Float(f64),
    /// A text.
    Text(&'r str),
    /// A text that was made for this view.
    Owned(String),
    /// A moment.
    Time(Timestamp),
    /// A day.
    Date(Date),
    /// A moment on the server's own clock, whose zone is not known.
    LocalTime(DateTime),
    /// Never shown.
    Secret(&'r Secret),
    /// Raw JSON; values under secret names are masked.
    Json(&'r RawValue),
    /// Several pairs of key and raw JSON.
    Extra(&'r Extra),
    /// Another record.
    Record(&'r dyn Record),
    /// Several values.
    List(Vec<View<'r>>),
}

/// Something with named fields.
pub trait Record {
    /// The class's name.
    fn class_name(&self) -> &'static str;
    /// Its fields in the order of their declaration.
    fn fields(&self) -> Vec<(&'static str, View<'_>)>;
    /// The same from what [`stored`] wrote; secrets are left behind.
    fn restore(stored: &Stored<'_>) -> Option<Self>
    where
        Self: Sized;
}

/// Something that a record can be made of, to be printed, compared or kept.
pub trait Recorded {
    /// Has the record looked at.
    fn with_record<R>(&self, read: impl FnOnce(&dyn Record) -> R) -> R;
    /// Whether both are made of the same.
    fn is_equal(&self, other: &Self) -> bool;
}

impl<T: Record + PartialEq> Recorded for T {
    fn with_record<R>(&self, read: impl FnOnce(&dyn Record) -> R) -> R {
        read(self)
    }

    fn is_equal(&self, other: &Self) -> bool {
        self == other
    }
}

/// A value that can stand in a field.
pub trait Field: Sized {
    /// As plain data.
    fn view(&self) -> View<'_>;
    /// The same from what [`stored`] wrote.
    fn restore(raw: &RawValue) -> Option<Self>;
}

macro_rules! field {
    ($type:ty, $view:expr, $restore:expr) => {
        impl Field for $type {
            fn view(&self) -> View<'_> {
                let view: fn(&$type) -> View<'_> = $view;
                view(self)
            }
            fn restore(raw: &RawValue) -> Option<Self> {
                let restore: fn(&RawValue) -> Option<$type> = $restore;
                restore(raw)
            }
        }
    };
}

field!(bool, |value| View::Bool(*value), lenient::flag);
field!(i64, |value| View::Int(*value), lenient::integer);
field!(f64, |value| View::Float(*value), |raw| raw.get().parse().ok());
field!(String, |value| View::Text(value), lenient::exact_text);
field!(Timestamp, |value| View::Time(*value), lenient::time);
field!(Date, |value| View::Date(*value), |raw| lenient::exact_text(raw)?
    .parse()
    .ok());
field!(DateTime, |value| View::LocalTime(*value), |raw| lenient::exact_text(
    raw
)?
.parse()
.ok());
field!(Secret, |value| View::Secret(value), |_| Some(Secret::withheld()));
field!(Json, |value| View::Json(&value.0), |raw| Some(Json(raw.to_owned())));
field!(Params, |value| View::Json(&value.0), lenient::params);
field!(Extra, |value| View::Extra(value), |raw| Some(Extra(pairs(raw)?)));

impl<T: Record> Field for T {
    fn view(&self) -> View<'_> {
        View::Record(self)
    }

    fn restore(raw: &RawValue) -> Option<Self> {
        <T as Record>::restore(&Stored::read(raw)?)
    }
}

impl<T: Field> Field for Option<T> {
    fn view(&self) -> View<'_> {
        self.as_ref().map_or(View::None, Field::view)
    }

    fn restore(raw: &RawValue) -> Option<Self> {
        if raw.get() == "null" {
            Some(None)
        } else {
            T::restore(raw).map(Some)
        }
    }
}

impl<T: Field> Field for Vec<T> {
    fn view(&self) -> View<'_> {
        View::List(self.iter().map(Field::view).collect())
    }

    fn restore(raw: &RawValue) -> Option<Self> {
        let items: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
        items.into_iter().map(T::restore).collect()
    }
}

/// Implements [`Record`] for a struct from the names of its fields.
#[macro_export]
macro_rules! fields {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl $crate::core::record::Record for $name {
            fn class_name(&self) -> &'static str {
                stringify!($name)
            }
            fn fields(&self) -> Vec<(&'static str, $crate::core::record::View<'_>)> {
                use $crate::core::record::Field;
                vec![$((stringify!($field).trim_start_matches("r#"), self.$field.view())),*]
            }
            fn restore(stored: &$crate::core::stored::Stored<'_>) -> Option<Self> {
                Some(Self { $($field: stored.get(stringify!($field).trim_start_matches("r#"))?),* })
            }
        }
    };
}

/// Declares a record: a struct with documented fields, each with the key it has on the wire and the reader for it.
///
/// `required` fields must be there and readable, or decoding fails with their name. All others become None when they
/// are missing, and when they can't be read they stay in `extra` under their own key: one odd field never loses a
/// record, one odd record never loses a list. Fields without a key are set by the code that decodes. A `core` struct is no
/// class of Python's: the bindings have their own.
#[macro_export]
macro_rules! record {
    ($(#[$meta:meta])* pub struct $($rest:tt)*) => {
        $crate::record! {
            $(#[$meta])*
            #[cfg_attr(feature = "python", pyo3::pyclass(frozen, get_all, module = "infosecops"))]
            core struct $($rest)*
        }
    };
    (
        $(#[$meta:meta])*
        core struct $name:ident {
            required { $( $(#[$rmeta:meta])* $rfield:ident: $rtype:ty = $rkey:literal => $rread:path, )* }
            optional { $( $(#[$ometa:meta])* $ofield:ident: $otype:ty = $okey:literal => $oread:path, )* }
            set { $( $(#[$smeta:meta])* $sfield:ident: $stype:ty, )* }
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $( $(#[$rmeta])* pub $rfield: $rtype, )*
            $( $(#[$ometa])* pub $ofield: Option<$otype>, )*
            $( $(#[$smeta])* pub $sfield: $stype, )*
            /// Fields of the answer that this version does not know, by their own names.
            pub extra: $crate::core::record::Extra,
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl<'de> serde::de::Visitor<'de> for Visitor {
                    type Value = $name;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }
                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                        $( let mut $rfield: Option<$rtype> = None; )*
                        $( let mut $ofield: Option<$otype> = None; )*
                        let mut extra = $crate::core::record::Extra::default();
                        while let Some($crate::core::lenient::LossyText(key)) = map.next_key()? {
                            let raw: &'de serde_json::value::RawValue = map.next_value()?;
                            match &*key {
                                $( $rkey => {
                                    $rfield = $rread(raw);
                                    if $rfield.is_none() {
                                        return Err(serde::de::Error::custom(concat!($rkey, ": not of the expected type")));
                                    }
                                } )*
                                $( $okey => {
                                    $ofield = $oread(raw);
                                    if $ofield.is_none() && raw.get() != "null" {
                                        extra.0.push((key.into_owned(), raw.to_owned()));
                                    }
                                } )*
                                _ => extra.0.push((key.into_owned(), raw.to_owned())),
                            }
                        }
                        Ok($name {
                            $( $rfield: $rfield.ok_or_else(|| serde::de::Error::missing_field($rkey))?, )*
                            $( $ofield, )*
                            $( $sfield: Default::default(), )*
                            extra,
                        })
                    }
                }
                deserializer.deserialize_map(Visitor)
            }
        }

        impl $name {
            /// Whether it is no other object that has an `id`: beside that it has one of the optional fields, readable
            /// or not, or nothing that is unknown.
            pub fn is_plausible(&self) -> bool {
                const KEYS: &[&str] = &[$($okey),*];
                self.extra.0.is_empty()
                    $(|| ($okey != "id" && self.$ofield.is_some()))*
                    || self.extra.0.iter().any(|(key, _)| key != "id" && KEYS.contains(&key.as_str()))
            }
        }

        $crate::fields!($name { $($rfield,)* $($ofield,)* $($sfield,)* extra });
    };
}

#[cfg(test)]
mod tests {
    use crate::core::lenient;

    record! {
        /// For the tests.
        pub struct Thing {
            required {
                /// Id.
                id: i64 = "id" => lenient::integer,
            }
            optional {
                /// Name.
                name: String = "name" => lenient::text,
                /// When.
                when: jiff::Timestamp = "when" => lenient::time,
            }
            set {
                /// Kind.
                kind: String,
            }
        }
    }

    fn parse(text: &str) -> Result<Vec<Thing>, String> {
        let mut reader = serde_json::Deserializer::from_str(text);
        serde_path_to_error::deserialize(&mut reader).map_err(|error| error.to_string())
    }

    #[test]
    fn odd_and_unknown_fields_are_kept() {
        let things = parse(r#"[{"id": "7", "name": 5, "when": "noon", "new": {"a": [1]}, "name2": null}]"#).unwrap();
        let thing = things.first().unwrap();
        assert_eq!((thing.id, thing.name.as_deref(), thing.when), (7, Some("5"), None));
        let extra: Vec<_> = thing
            .extra
            .0
            .iter()
            .map(|(key, raw)| (key.as_str(), raw.get()))
            .collect();
        assert_eq!(
            extra,
            [("when", "\"noon\""), ("new", r#"{"a": [1]}"#), ("name2", "null")]
        );
    }

    #[test]
    fn another_object_with_an_id_is_told_by_its_fields() {
        for (text, is_one) in [
            (r#"[{"id": 7}]"#, true),
            (r#"[{"id": 7, "name": "x"}]"#, true),
            (r#"[{"id": 7, "name": "x", "new": 1}]"#, true),
            (r#"[{"id": 7, "when": "noon"}]"#, true),
            (r#"[{"id": 7, "new": 1}]"#, false),
        ] {
            assert_eq!(parse(text).unwrap().first().unwrap().is_plausible(), is_one, "{text}");
        }
    }

    #[test]
    fn what_is_required_is_named_with_its_place() {
        assert_eq!(
            parse(r#"[{"id": 1}, {"name": "x"}]"#).unwrap_err(),
            "[1]: missing field `id` at line 1 column 25"
        );
        assert!(
            parse(r#"[{"id": {}}]"#)
                .unwrap_err()
                .starts_with("[0]: id: not of the expected type")
        );
        assert!(
            parse("[5]")
                .unwrap_err()
                .starts_with("[0]: invalid type: integer `5`, expected an object")
        );
    }
}
