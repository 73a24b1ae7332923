//! What the filters mean by which notifications are chosen, for the hub's lists and for `notifyhub tail` alike.

/// The words of a search text: separated by spaces, those in double quotes together; in lower case.
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in text.split('"').enumerate() {
        // Behind an odd number of quotes; a last quote that is not closed quotes the rest.
        if index % 2 == 1 {
            words.push(part.to_lowercase());
        } else {
            words.extend(part.split_whitespace().map(str::to_lowercase));
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether each of these words, which are in lower case, stands in one of the fields.
pub fn has_words<'a>(words: &[String], fields: impl IntoIterator<Item = &'a String>) -> bool {
    if words.is_empty() {
        return true;
    }
    let fields: Vec<String> = fields.into_iter().map(|field| field.to_lowercase()).collect();
    words.iter().all(|word| fields.iter().any(|field| field.contains(word.as_str())))
}

/// Whether it is one of those that are wanted; none means all.
pub fn is_any<T: PartialEq>(wanted: &[T], found: Option<&T>) -> bool {
    wanted.is_empty() || found.is_some_and(|found| wanted.contains(found))
}

/// The tags that are wanted, and those that are not: `-tag`.
pub fn with_and_without(tags: Vec<String>) -> (Vec<String>, Vec<String>) {
    let (without, with): (Vec<_>, Vec<_>) =
        tags.into_iter().partition(|tag| tag.len() > 1 && tag.starts_with('-'));
    (with, without.into_iter().map(|tag| tag[1..].to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_separated_by_spaces_and_held_together_by_quotes() {
        assert_eq!(words(r#" Two words "a Phrase" x"y z"#), ["two", "words", "a phrase", "x", "y z"]);
        assert!(words(r#"  "" "#).is_empty());
    }
}
