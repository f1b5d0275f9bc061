import Testing

/// What JobCore may rely on, whatever is underneath: every test runs over each profile in a world of its own.
@Suite(.tallied) struct Contract {}
