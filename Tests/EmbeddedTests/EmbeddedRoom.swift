import Testing

/// One test at a time: several of them bound how long something takes, and all of them flush the same disk.
@Suite(.serialized) enum EmbeddedRoom {}
