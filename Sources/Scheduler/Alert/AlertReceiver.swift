package import JobCore

/// Somebody or something that is told.
package protocol AlertReceiver: Sendable {
    /// Wants every firing alert every minute, and decides itself whom to tell when: Alertmanager.
    var isRefreshed: Bool { get }

    /// Throws when it was not taken; it is tried again with the next look.
    func tell(_ alerts: [AlertRecord], display: String) async throws(AlertDeliveryError)
}

package struct AlertDeliveryError: Error, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
