/// What is wrong with a broker URL. Carries no part of it that may hold the password.
package enum AMQPConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    case unknownScheme
    case missingHost
    case badPort(String)
    case badHost
    case badPercentEncoding(part: String)
    case tooLong(part: String)
    case unexpected(part: String)

    package var description: String {
        switch self {
        case .unknownScheme: "the broker URL must begin with amqp:// or amqps://"
        case .missingHost: "the broker URL has an empty host"
        case .badPort(let text): "the broker URL has the port '\(text)', wanted is 1 to 65535"
        case .badHost: "the broker URL has a host with characters no host name has"
        case .badPercentEncoding(let part): "the broker URL has a bad percent escape in its \(part)"
        case .tooLong(let part): "the broker URL has a \(part) longer than 255 bytes"
        case .unexpected(let part): "the broker URL has a \(part), which is not supported"
        }
    }
}
