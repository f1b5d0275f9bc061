/// What is known when a transfer has ended, well or not.
struct TransferResult: Sendable {
    /// nil when libcurl calls it a success; any HTTP status is one.
    var failure: TransferFailure?
    /// libcurl's own words, at most 255 bytes. May name the host, never a credential.
    var detail = ""
    var status = 0
    var httpMajorVersion = 1
    var head = HTTPHead()
    var body: [UInt8] = []
    var dialogue: SMTPDialogue?
    /// True once a connection (and its TLS) was made or taken over, so the peer may have seen the request.
    var reachedPeer = false
    /// False when an idle connection was taken over.
    var openedConnection = false
}
