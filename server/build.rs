//! Builds the server again when the page was built again: release builds embed it.

fn main() {
    // The folder must be there to be watched; it is a build output and not in the repository.
    let _ = std::fs::create_dir_all("../frontend/dist");
    println!("cargo:rerun-if-changed=../frontend/dist");
}
