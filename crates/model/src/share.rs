//! Sharing an entity with more data owners (wire 5.5).
