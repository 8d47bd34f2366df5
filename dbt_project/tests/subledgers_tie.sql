-- Open documents agree with their control account, within a cent a document and one unit in all.
select * from {{ ref('subledger_tie') }}
where abs(difference) > least(tolerance, 1.00)
