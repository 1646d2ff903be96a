using Btmm.Core.Administration;

namespace Btmm.Server.Administration;

/// <summary>A key as it is sealed into a catalog.</summary>
/// <param name="Algorithm">The algorithm's name.</param>
/// <param name="Secret">The secret; whoever holds it zeroes it.</param>
/// <param name="Grants">What the key is good for.</param>
/// <param name="UpdatesPerMinute">Its limit; 0 for none.</param>
internal sealed record KeyDocument(string Algorithm, byte[] Secret, KeyGrant[] Grants, int UpdatesPerMinute);
