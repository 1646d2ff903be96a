namespace Btmm.TestKit;

/// <summary>A SOAP request that a <see cref="FakeGateway"/> received.</summary>
/// <param name="Service">The service's type, whole.</param>
/// <param name="Action">The action.</param>
/// <param name="Arguments">Its arguments, by name.</param>
public sealed record FakeSoapRequest(string Service, string Action, IReadOnlyDictionary<string, string> Arguments);
