import Testing

/// Real processes and real kills. One after the other: each wants the machine for itself.
@Suite(.serialized) struct `Chaos` {}
