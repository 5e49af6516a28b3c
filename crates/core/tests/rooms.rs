//! The order of the source.

#[test]
fn no_file_or_room_depends_on_itself_and_each_room_uses_only_those_before_it() {
    rooms::check(env!("CARGO_MANIFEST_DIR"));
}
