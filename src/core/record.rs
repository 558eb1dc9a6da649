//! Records: typed fields read leniently, unknown fields kept, and one plain-data view that the bindings print, compare
//! and turn into dictionaries.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use serde_json::value::RawValue;

use super::redact::is_secret_name;
use super::secret::Secret;

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
        self.0.get() == other.0.get()
    }
}

impl PartialEq for Params {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

impl PartialEq for Extra {
    fn eq(&self, other: &Self) -> bool {
        let pairs = |extra: &'_ Self| {
            extra
                .0
                .iter()
                .map(|(key, raw)| (key.clone(), raw.get().to_owned()))
                .collect::<Vec<_>>()
        };
        pairs(self) == pairs(other)
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
    /// A text.
    Text(&'r str),
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
}

/// A value that can stand in a field.
pub trait Field {
    /// As plain data.
    fn view(&self) -> View<'_>;
}

impl Field for bool {
    fn view(&self) -> View<'_> {
        View::Bool(*self)
    }
}

impl Field for i64 {
    fn view(&self) -> View<'_> {
        View::Int(*self)
    }
}

impl Field for String {
    fn view(&self) -> View<'_> {
        View::Text(self)
    }
}

impl Field for Timestamp {
    fn view(&self) -> View<'_> {
        View::Time(*self)
    }
}

impl Field for Date {
    fn view(&self) -> View<'_> {
        View::Date(*self)
    }
}

impl Field for DateTime {
    fn view(&self) -> View<'_> {
        View::LocalTime(*self)
    }
}

impl Field for Secret {
    fn view(&self) -> View<'_> {
        View::Secret(self)
    }
}

impl Field for Json {
    fn view(&self) -> View<'_> {
        View::Json(&self.0)
    }
}

impl Field for Params {
    fn view(&self) -> View<'_> {
        View::Json(&self.0)
    }
}

impl Field for Extra {
    fn view(&self) -> View<'_> {
        View::Extra(self)
    }
}

impl<T: Record> Field for T {
    fn view(&self) -> View<'_> {
        View::Record(self)
    }
}

impl<T: Field> Field for Option<T> {
    fn view(&self) -> View<'_> {
        self.as_ref().map_or(View::None, Field::view)
    }
}

impl<T: Field> Field for Vec<T> {
    fn view(&self) -> View<'_> {
        View::List(self.iter().map(Field::view).collect())
    }
}

/// Declares a record: a struct with documented fields, each with the key it has on the wire and the reader for it.
///
/// `required` fields must be there and readable, or decoding fails with their name. All others become None when they
/// are missing, and when they can't be read they stay in `extra` under their own key: one odd field never loses a
/// record, one odd record never loses a list. Fields without a key are set by the code that decodes.
#[macro_export]
macro_rules! record {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            required { $( $(#[$rmeta:meta])* $rfield:ident: $rtype:ty = $rkey:literal => $rread:path, )* }
            optional { $( $(#[$ometa:meta])* $ofield:ident: $otype:ty = $okey:literal => $oread:path, )* }
            set { $( $(#[$smeta:meta])* $sfield:ident: $stype:ty, )* }
        }
    ) => {
        $(#[$meta])*
        #[cfg_attr(feature = "python", pyo3::pyclass(frozen, get_all, module = "infosecops"))]
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
                        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
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

        impl $crate::core::record::Record for $name {
            fn class_name(&self) -> &'static str {
                stringify!($name)
            }
            fn fields(&self) -> Vec<(&'static str, $crate::core::record::View<'_>)> {
                use $crate::core::record::Field;
                vec![
                    $( (stringify!($rfield), self.$rfield.view()), )*
                    $( (stringify!($ofield), self.$ofield.view()), )*
                    $( (stringify!($sfield), self.$sfield.view()), )*
                    ("extra", self.extra.view()),
                ]
            }
        }
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
