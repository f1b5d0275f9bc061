/// How a returned message is found again: by its own id, else by a sequence number this room adds as a header.
enum ReturnMatch: Equatable {
    static let sequenceHeader = "x-publish-sequence"

    case messageID(String)
    case sequence(UInt64)

    init?(_ properties: AMQPProperties) {
        if let id = properties.messageID {
            self = .messageID(id)
        } else if let number = properties.headers?[Self.sequenceHeader]?.integer.flatMap(UInt64.init(exactly:)) {
            self = .sequence(number)
        } else {
            return nil
        }
    }
}
