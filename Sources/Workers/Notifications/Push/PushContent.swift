import JobCore

/// What a device is to show, for either provider.
struct PushContent: Sendable, Equatable {
    var title: String
    var body: String
    /// Opened by a tap: an https address.
    var url: String?
    var badge: Int?
    /// What a later message with the same one takes the place of, on the device: at most 64 bytes.
    var collapseID: String
    /// Groups messages on the device.
    var thread: String?
    /// Not worth showing after this.
    var expiresAt: Timestamp?
    /// Shown at once, also where that costs battery.
    var isUrgent: Bool

    init(
        title: String,
        body: String,
        url: String? = nil,
        badge: Int? = nil,
        collapseID: String,
        thread: String? = nil,
        expiresAt: Timestamp? = nil,
        isUrgent: Bool = true
    ) {
        self.title = title
        self.body = body
        self.url = url
        self.badge = badge
        self.collapseID = collapseID
        self.thread = thread
        self.expiresAt = expiresAt
        self.isUrgent = isUrgent
    }
}
