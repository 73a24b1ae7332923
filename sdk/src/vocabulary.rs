//! The words of the API that may grow: a value that this version does not know is `Unknown`, and never an error.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The word is not one of those that may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this word is not known")]
pub struct UnknownWord;

macro_rules! vocabulary {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)*
            /// A later version's.
            #[serde(other)]
            Unknown,
        }

        impl $name {
            /// The words that may be sent.
            pub const WORDS: &[&str] = &[$($word),*];
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $($name::$variant => $word,)*
                    $name::Unknown => "unknown",
                })
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                match text {
                    $($word => Ok($name::$variant),)*
                    _ => Err(UnknownWord),
                }
            }
        }
    };
}

vocabulary!(
    /// How much a notification matters.
    Level {
        /// Something worth knowing.
        Info = "info",
        /// Something went well.
        Success = "success",
        /// Something needs a look.
        Warning = "warning",
        /// Something failed.
        Error = "error",
    }
);

vocabulary!(
    /// Where the thing that a notification is about stands.
    State {
        /// It waits for a person. Open.
        Waiting = "waiting",
        /// It goes on. Open.
        Running = "running",
        /// It ended well.
        Done = "done",
        /// It ended badly.
        Failed = "failed",
    }
);

vocabulary!(
    /// How a message is to be read.
    Format {
        /// Plain text.
        Text = "text",
        /// Code or a program's output.
        Code = "code",
        /// A little Markdown.
        Markdown = "markdown",
    }
);

/// Why a stream starts as it does. A reason of a later version reads as [`Reason::Unknown`], which is answered the same
/// way: what follows says what holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// No last event id was given.
    Fresh,
    /// The stream goes on right after the last event id.
    Resumed,
    /// What followed the last event id is no longer kept.
    Expired,
    /// The last event id is of another log, or of a history that was lost.
    #[serde(other)]
    Unknown,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::Fresh => "fresh",
            Reason::Resumed => "resumed",
            Reason::Expired => "expired",
            Reason::Unknown => "unknown",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_a_later_version_is_unknown_and_no_error() {
        assert_eq!(serde_json::from_str::<Level>("\"error\"").expect("known"), Level::Error);
        assert_eq!(serde_json::from_str::<Level>("\"critical\"").expect("no error"), Level::Unknown);
        assert_eq!(serde_json::from_str::<Reason>("\"moved\"").expect("no error"), Reason::Unknown);
        assert_eq!("critical".parse::<Level>(), Err(UnknownWord));
        assert_eq!("waiting".parse(), Ok(State::Waiting));
        assert_eq!(Format::Code.to_string(), "code");
    }
}
