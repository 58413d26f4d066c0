//! The two shapes of Bedrock's JSON that serde has no derive for: enums and unions that the service may extend.

/// A string of a set that may grow: known values by name, others as they came.
macro_rules! open_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $wire:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* #[doc = concat!("`", $wire, "` on the wire.")] $variant,)+
            /// A value that this version does not know, as the wire has it.
            Unknown(Box<str>),
        }

        impl $name {
            /// The value as it stands on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $wire,)+
                    Self::Unknown(raw) => raw,
                }
            }
        }

        impl From<&str> for $name {
            fn from(raw: &str) -> Self {
                match raw {
                    $($wire => Self::$variant,)+
                    _ => Self::Unknown(raw.into()),
                }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let raw = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                Ok(Self::from(&*raw))
            }
        }
    };
}

/// An object of which exactly one member is set: known members by name, others as they came.
macro_rules! union {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident($inner:ty) = $wire:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* #[doc = concat!("`", $wire, "` on the wire.")] $variant($inner),)+
            /// A member that this version does not know.
            Unknown {
                /// The member's name.
                name: Box<str>,
                /// Its value.
                value: $crate::Json,
            },
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap;
                let mut map = serializer.serialize_map(Some(1))?;
                match self {
                    $(Self::$variant(inner) => map.serialize_entry($wire, inner)?,)+
                    Self::Unknown { name, value } => map.serialize_entry(name, value)?,
                }
                map.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Member;

                impl<'de> serde::de::Visitor<'de> for Member {
                    type Value = $name;

                    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                        f.write_str(concat!("an object with one member of ", stringify!($name)))
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<Self::Value, A::Error> {
                        use serde::de::Error;
                        let mut found = None;
                        while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
                            let member = match &*name {
                                $($wire => map.next_value::<Option<$inner>>()?.map($name::$variant),)+
                                _ => map.next_value::<Option<$crate::Json>>()?.map(|value| {
                                    $name::Unknown { name: (&*name).into(), value }
                                }),
                            };
                            if member.is_some() && found.is_some() {
                                return Err(A::Error::custom("more than one member of a union"));
                            }
                            found = member.or(found);
                        }
                        found.ok_or_else(|| A::Error::custom("a union without a member"))
                    }
                }

                deserializer.deserialize_map(Member)
            }
        }
    };
}

pub(crate) use {open_enum, union};
