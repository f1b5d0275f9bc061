package import Curl

/// A person or a service in an address header: an address and, perhaps, a name to show.
package struct Mailbox: Sendable, Hashable {
    package var name: String?
    package var address: MailAddress

    package init(name: String? = nil, address: MailAddress) {
        self.name = name
        self.address = address
    }

    package init(name: String? = nil, _ address: String, field: MailMessageError.Field = .to) throws(MailMessageError) {
        do {
            self.init(name: name, address: try MailAddress(address))
        } catch {
            throw .address(field, error)
        }
    }
}
