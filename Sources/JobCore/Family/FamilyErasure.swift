/// What a job family keeps of a person, for `jobctl privacy erase`.
public struct FamilyErasure: Sendable {
    /// A word for the answer: `profiles`.
    public let name: String
    let count: @Sendable (Person, any SQLSession) throws(StoreError) -> Int
    let erase: @Sendable (Person, any SQLSession) throws(StoreError) -> Int

    /// Who is meant: a member of payloads with its value (`user_id=42`), or a text (an address, a number).
    public enum Person: Sendable, Equatable {
        case member(name: String, value: String)
        case text(String)
    }

    /// - Parameters:
    ///   - count: rows that would go.
    ///   - erase: takes them away and says how many they were.
    public init(
        _ name: String,
        count: @escaping @Sendable (Person, any SQLSession) throws(StoreError) -> Int,
        erase: @escaping @Sendable (Person, any SQLSession) throws(StoreError) -> Int
    ) {
        self.name = name
        self.count = count
        self.erase = erase
    }
}

extension JobRegistry {
    public mutating func add(_ erasure: FamilyErasure) {
        erasures.append(erasure)
    }
}

extension Store {
    package func erase(
        _ families: [FamilyErasure],
        _ subject: Subject,
        changes: Bool
    ) async throws(StoreError) -> [(name: String, rows: Int)] {
        let person: FamilyErasure.Person =
            switch subject {
            case .member(let match): .member(name: match.path.joined(separator: "."), value: match.value)
            case .text(let text): .text(text)
            }
        var found: [(name: String, rows: Int)] = []
        for family in families {
            let rows =
                changes
                ? try await driver.write { session throws(StoreError) in try family.erase(person, session) }
                : try await driver.read { session throws(StoreError) in try family.count(person, session) }
            found.append((family.name, rows))
        }
        return found
    }
}
