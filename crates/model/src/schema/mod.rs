//! The field tables of every class (wire 8) and the check of a body against one.
