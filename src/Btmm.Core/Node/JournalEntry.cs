namespace Btmm.Core.Node;

/// <summary>An entry of the <see cref="ChangeJournal"/> that is not undone yet.</summary>
/// <param name="Id">The entry's number, unique in its journal.</param>
/// <param name="Change">What was changed.</param>
public sealed record JournalEntry(long Id, SystemChange Change);
