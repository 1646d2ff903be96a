namespace Btmm.Protocol.Esp;

/// <summary>Where the payload of an opened ESP packet lies.</summary>
/// <param name="Offset">First byte in the buffer.</param>
/// <param name="Length">Bytes.</param>
/// <param name="NextHeader">What the payload is; 41 for IPv6.</param>
/// <param name="IsNewest">Whether the packet's sequence number is the highest of the SA so far.</param>
public readonly record struct EspOpened(int Offset, int Length, byte NextHeader, bool IsNewest);
