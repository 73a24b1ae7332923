//! Sections of docs/BENCHMARKS.md that are measured by runs of their own: whoever writes one leaves the others as they are.

/// See the module. It stands between two comments.
pub(crate) struct Section {
    beginning: &'static str,
    end: &'static str,
}

/// What `make measure-page` writes.
pub(crate) const PAGE: Section = Section { beginning: "<!-- The page:", end: "<!-- End of the page. -->\n" };

/// What `make bench-stores` writes.
pub(crate) const STORES: Section =
    Section { beginning: "<!-- The stores:", end: "<!-- End of the stores. -->\n" };

/// What a new section stands before.
const NOTES: &str = "## What these numbers do not say";

impl Section {
    /// The section with an empty line before it; empty if there is none.
    pub(crate) fn cut_from(&self, document: &str) -> String {
        self.find_in(document).map_or_else(String::new, |(from, to)| format!("\n{}", &document[from..to]))
    }

    /// The document with this text as the section, and a comment that says who wrote it.
    pub(crate) fn put_into(&self, document: &str, author: &str, text: &str) -> String {
        let section =
            format!("{} written by `{author}`; do not edit. -->\n{text}\n{}", self.beginning, self.end);
        if let Some((from, to)) = self.find_in(document) {
            return format!("{}{section}{}", &document[..from], &document[to..]);
        }
        let place = document.find(NOTES).unwrap_or(document.len());
        format!("{}{section}\n{}", &document[..place], &document[place..])
    }

    fn find_in(&self, document: &str) -> Option<(usize, usize)> {
        let from = document.find(self.beginning)?;
        let to = from + document[from..].find(self.end)? + self.end.len();
        Some((from, to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_put_in_once_and_leaves_the_others_alone() {
        let page = "<!-- The page: by another run. -->\n## The page\n<!-- End of the page. -->\n";
        let document = format!("# Benchmarks\n\n{page}\n{NOTES}\n\n- Much.\n");
        let once = STORES.put_into(&document, "make", "## First\n");
        assert!(once.contains(page) && once.find("## First") < once.find(NOTES), "{once}");
        let twice = STORES.put_into(&once, "make", "## Second\n");
        assert_eq!(twice, once.replace("## First", "## Second"));
        assert!(STORES.cut_from(&twice).contains("## Second"));
        assert_eq!(STORES.cut_from(&document), "");
    }
}
