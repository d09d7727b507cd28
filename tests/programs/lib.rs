// Empty: a manifest must name a target. See Cargo.toml.
