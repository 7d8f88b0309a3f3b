import DataParallel

/// Ends the job with code 1 and a message unless a condition holds on this rank.
func expect(_ holds: Bool, _ message: @autoclosure () -> String) {
  if !holds { FailureExit.leave("expectation: \(message())", code: 1) }
}

/// Ends the job with code 1 unless two values are equal.
func expectEqual<Value: Equatable>(
  _ found: Value, _ expected: Value, _ what: @autoclosure () -> String
) {
  expect(found == expected, "\(what()): \(found); expected \(expected)")
}
