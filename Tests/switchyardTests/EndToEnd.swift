import Testing

/// The whole program against the simulated providers, over real sockets. One after another: each test has routers and
/// providers of its own, but some measure time.
@Suite(.serialized) enum EndToEnd {}
